using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>What a TPM answers, marshalled by software from the TPM 2.0 Library, Part 2: an attestation key, a key, PCRs. Tests of the full tier have a real one.</summary>
internal sealed class SoftTpm : IDisposable
{
    public const uint BoundSigningKey = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 18;

    private readonly SortedDictionary<int, byte[]> _pcrs = [];

    public ECDsa AttestationKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>What the AK's certificate says of the device: a PermanentIdentifier.</summary>
    public string? Serial { get; set; } = "TPM-0001";

    public string? Purpose { get; set; } = "2.23.133.8.3";

    public bool CertificateOfAuthority { get; set; }

    public uint Attributes { get; set; } = BoundSigningKey;

    public uint Restarts { get; set; } = 7;

    public byte[] Pcr(int index) => _pcrs.TryGetValue(index, out var value) ? value : new byte[32];

    public void Extend(int index, string data) => _pcrs[index] = SHA256.HashData([.. Pcr(index), .. SHA256.HashData(Encoding.UTF8.GetBytes(data))]);

    /// <summary>The statement for that key authorization, with a quote over PCRs when some are named.</summary>
    public Dictionary<string, object?> Attest(AttestationRoot root, string keyAuthorization, params int[] pcrs)
    {
        var nonce = SHA256.HashData(Encoding.UTF8.GetBytes(keyAuthorization));
        var certInfo = Certify(nonce, Name(PublicArea(Key)));
        var statement = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["ver"] = "2.0",
            ["alg"] = -7,
            ["x5c"] = new[] { IssueAttestationCertificate(root) },
            ["sig"] = Sign(certInfo),
            ["certInfo"] = certInfo,
            ["pubArea"] = PublicArea(Key),
        };
        if (pcrs.Length > 0)
        {
            var quote = Quote(nonce, pcrs);
            (statement["quote"], statement["quoteSig"], statement["pcrs"]) = (quote, Sign(quote), pcrs.Order().Select(Pcr).ToArray());
        }

        return statement;
    }

    public byte[] IssueAttestationCertificate(AttestationRoot root)
    {
        var extensions = new List<X509Extension> { new X509BasicConstraintsExtension(CertificateOfAuthority, false, 0, true) };
        if (Purpose is not null)
        {
            extensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Purpose)], false));
        }

        if (Serial is not null)
        {
            extensions.Add(new X509Extension("2.5.29.17", PermanentIdentifier(Serial), true));
        }

        return root.Issue(new PublicKey(AttestationKey), "", null, [.. extensions]);
    }

    /// <summary>TPMS_ATTEST of TPM2_Certify.</summary>
    public byte[] Certify(byte[] nonce, byte[] name, uint magic = 0xFF544347, ushort type = 0x8017) => Attest(magic, type, nonce, [.. Sized(name), .. Sized(name)]);

    /// <summary>TPMS_ATTEST of TPM2_Quote over the SHA-256 bank.</summary>
    public byte[] Quote(byte[] nonce, params int[] indices) => Quote(nonce, 0x000B, SHA256.HashData([.. indices.Order().SelectMany(Pcr)]), indices);

    public byte[] Quote(byte[] nonce, ushort bank, byte[] digest, params int[] indices)
    {
        var bitmap = new byte[3];
        foreach (var index in indices)
        {
            bitmap[index / 8] |= (byte)(1 << (index % 8));
        }

        return Attest(0xFF544347, 0x8018, nonce, [.. UInt32(1), .. UInt16(bank), 3, .. bitmap, .. Sized(digest)]);
    }

    /// <summary>TPMT_SIGNATURE, ECDSA with SHA-256.</summary>
    public byte[] Sign(byte[] attest, ECDsa? key = null)
    {
        var signature = (key ?? AttestationKey).SignData(attest, HashAlgorithmName.SHA256);
        // As a TPM does: numbers without leading zeros.
        return [.. UInt16(0x0018), .. UInt16(0x000B), .. Sized(signature[..32].SkipWhile(b => b == 0).ToArray()), .. Sized(signature[32..].SkipWhile(b => b == 0).ToArray())];
    }

    /// <summary>TPMT_PUBLIC of a key on P-256.</summary>
    public byte[] PublicArea(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return
        [
            .. UInt16(0x0023), .. UInt16(0x000B), .. UInt32(Attributes), .. Sized([]),
            .. UInt16(0x0010), .. UInt16(0x0018), .. UInt16(0x000B), .. UInt16(0x0003), .. UInt16(0x0010),
            .. Sized(point.X!), .. Sized(point.Y!),
        ];
    }

    public static byte[] Name(byte[] area) => [0x00, 0x0B, .. SHA256.HashData(area)];

    public void Dispose()
    {
        AttestationKey.Dispose();
        Key.Dispose();
    }

    private byte[] Attest(uint magic, ushort type, byte[] nonce, byte[] attested) =>
    [
        .. UInt32(magic), .. UInt16(type), .. Sized(new byte[34]), .. Sized(nonce), .. new byte[8], .. UInt32(3), .. UInt32(Restarts), 1, .. new byte[8], .. attested,
    ];

    private static byte[] PermanentIdentifier(string value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            writer.WriteObjectIdentifier("1.3.6.1.5.5.7.8.3");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, value.Split('/')[0]);
                if (value.Split('/') is [_, var assigner])
                {
                    writer.WriteObjectIdentifier(assigner);
                }
            }
        }

        return writer.Encode();
    }

    private static byte[] Sized(byte[] octets) => [.. UInt16((ushort)octets.Length), .. octets];

    private static byte[] UInt16(ushort value)
    {
        var octets = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, value);
        return octets;
    }

    private static byte[] UInt32(uint value)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, value);
        return octets;
    }
}
