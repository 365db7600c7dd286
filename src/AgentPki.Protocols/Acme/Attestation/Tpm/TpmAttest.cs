namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>
/// What a TPM says and signs with a restricted key, TPMS_ATTEST (TPM 2.0 Library, Part 2 §10.12.12): that a key is in it (TPM2_Certify), or what its PCRs
/// are (TPM2_Quote). Such a key signs nothing with these first four octets that did not come from within the TPM.
/// </summary>
/// <param name="ExtraData">The caller's octets: the nonce.</param>
/// <param name="Boot">resetCount and restartCount; another value, another start of the machine.</param>
internal abstract record TpmAttest(byte[] ExtraData, ulong Boot)
{
    private const uint Generated = 0xFF544347; // TPM_GENERATED_VALUE
    private const ushort CertifyTag = 0x8017;
    private const ushort QuoteTag = 0x8018;
    private const int MostBanks = 16;

    /// <param name="Name">Of the key that is in the TPM.</param>
    public sealed record Certify(byte[] ExtraData, ulong Boot, byte[] Name) : TpmAttest(ExtraData, Boot);

    /// <param name="Selection">Bank and index of each PCR, in the order in which the digest takes them.</param>
    public sealed record Quote(byte[] ExtraData, ulong Boot, IReadOnlyList<(ushort Bank, int Index)> Selection, byte[] Digest) : TpmAttest(ExtraData, Boot);

    /// <param name="what">The statement's field.</param>
    /// <exception cref="AttestationException">Neither.</exception>
    public static TpmAttest Parse(ReadOnlySpan<byte> attest, string what)
    {
        var reader = new TpmReader(attest, what);
        if (reader.ReadUInt32() != Generated)
        {
            throw reader.Malformed("does not begin with TPM_GENERATED_VALUE: it was not made by a TPM");
        }

        var type = reader.ReadUInt16();
        reader.ReadSized(); // qualifiedSigner: the chain says whose key signed
        var extraData = reader.ReadSized().ToArray();
        reader.ReadUInt64(); // clock
        var boot = reader.ReadUInt64();
        reader.ReadByte(); // safe
        reader.ReadUInt64(); // firmwareVersion
        TpmAttest read = type switch
        {
            CertifyTag => ReadCertify(ref reader, extraData, boot),
            QuoteTag => ReadQuote(ref reader, extraData, boot),
            _ => throw reader.Malformed($"is of type 0x{type:x4}, neither a certification nor a quote"),
        };
        reader.End();
        return read;
    }

    // TPMS_CERTIFY_INFO (§10.12.3)
    private static Certify ReadCertify(ref TpmReader reader, byte[] extraData, ulong boot)
    {
        var name = reader.ReadSized().ToArray();
        reader.ReadSized(); // qualifiedName
        return new Certify(extraData, boot, name);
    }

    // TPMS_QUOTE_INFO (§10.12.4): TPML_PCR_SELECTION, then the digest.
    private static Quote ReadQuote(ref TpmReader reader, byte[] extraData, ulong boot)
    {
        var banks = reader.ReadUInt32();
        if (banks > MostBanks)
        {
            throw reader.Malformed($"selects PCRs of {banks} banks");
        }

        var selection = new List<(ushort, int)>();
        for (var i = 0; i < banks; i++)
        {
            var bank = reader.ReadUInt16();
            var bitmap = reader.Take(reader.ReadByte());
            for (var index = 0; index < bitmap.Length * 8; index++)
            {
                if ((bitmap[index / 8] >> (index % 8) & 1) == 1)
                {
                    selection.Add((bank, index));
                }
            }
        }

        return new Quote(extraData, boot, selection, reader.ReadSized().ToArray());
    }
}
