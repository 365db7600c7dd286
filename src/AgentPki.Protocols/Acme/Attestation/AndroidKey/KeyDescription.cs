using System.Formats.Asn1;

namespace AgentPki.Protocols.Acme.Attestation.AndroidKey;

/// <summary>
/// The extension 1.3.6.1.4.1.11129.2.1.17 (Android, "Key attestation extension data schema"): how and where a key was made. Versions differ by fields that
/// were added; those that matter here have stayed.
/// </summary>
/// <param name="Challenge">The caller's octets: the nonce.</param>
/// <param name="Software">What the operating system vouches for.</param>
/// <param name="Hardware">What the secure environment vouches for (teeEnforced, hardwareEnforced).</param>
internal sealed record KeyDescription(AndroidSecurityLevel AttestationLevel, AndroidSecurityLevel KeyLevel, byte[] Challenge, AuthorizationList Software, AuthorizationList Hardware)
{
    public const string Oid = "1.3.6.1.4.1.11129.2.1.17";

    /// <exception cref="AttestationException">Not such an extension.</exception>
    public static KeyDescription Parse(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var fields = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            fields.ReadInteger(); // attestationVersion
            var attestationLevel = Level(fields);
            fields.ReadInteger(); // keyMintVersion
            var keyLevel = Level(fields);
            var challenge = fields.ReadOctetString();
            fields.ReadOctetString(); // uniqueId
            return new KeyDescription(attestationLevel, keyLevel, challenge, AuthorizationList.Read(fields.ReadSequence()), AuthorizationList.Read(fields.ReadSequence()));
        }
        catch (AsnContentException)
        {
            throw new AttestationException($"The key description (extension {Oid}) of the device's certificate is not the SEQUENCE that Android describes.");
        }
    }

    private static AndroidSecurityLevel Level(AsnReader reader)
    {
        var level = reader.ReadEnumeratedBytes();
        return level.Length == 1 && level.Span[0] <= 2 ? (AndroidSecurityLevel)level.Span[0] : throw new AttestationException("The key description names a security level that is not known here.");
    }
}

/// <summary>AuthorizationList: what a key may be used for, and facts of its device; the fields that are looked at.</summary>
internal sealed record AuthorizationList
{
    /// <summary>KM_PURPOSE_SIGN.</summary>
    public const int Sign = 2;

    /// <summary>KM_ORIGIN_GENERATED.</summary>
    public const int Generated = 0;

    /// <summary>KM_VERIFIED_BOOT_VERIFIED.</summary>
    public const int Verified = 0;

    public IReadOnlyList<int> Purposes { get; private init; } = [];

    /// <summary>[600]: any application of the device may use the key.</summary>
    public bool AllApplications { get; private init; }

    /// <summary>[702]; null: not said.</summary>
    public int? Origin { get; private init; }

    /// <summary>[704]; null: not said.</summary>
    public (bool DeviceLocked, int State)? RootOfTrust { get; private init; }

    /// <summary>[713] serial number, [714] and [723] IMEIs.</summary>
    public IReadOnlyList<byte[]> Identifiers { get; private init; } = [];

    /// <exception cref="AsnContentException">Not such a list.</exception>
    public static AuthorizationList Read(AsnReader fields)
    {
        var list = new AuthorizationList();
        while (fields.HasData)
        {
            var tag = fields.PeekTag();
            if (tag is not { TagClass: TagClass.ContextSpecific, IsConstructed: true })
            {
                throw new AsnContentException();
            }

            var value = fields.ReadSequence(tag); // [n] EXPLICIT
            list = tag.TagValue switch
            {
                1 => list with { Purposes = Integers(value.ReadSetOf()) },
                600 => list with { AllApplications = true },
                702 => list with { Origin = Integer(value) },
                704 => list with { RootOfTrust = ReadRootOfTrust(value.ReadSequence()) },
                713 or 714 or 723 => list with { Identifiers = [.. list.Identifiers, value.ReadOctetString()] },
                _ => list,
            };
        }

        return list;
    }

    private static List<int> Integers(AsnReader set)
    {
        var integers = new List<int>();
        while (set.HasData)
        {
            integers.Add(Integer(set));
        }

        return integers;
    }

    private static int Integer(AsnReader reader) => reader.TryReadInt32(out var value) ? value : throw new AsnContentException();

    private static (bool, int) ReadRootOfTrust(AsnReader fields)
    {
        fields.ReadOctetString(); // verifiedBootKey
        var locked = fields.ReadBoolean();
        var state = fields.ReadEnumeratedBytes();
        return (locked, state.Length == 1 ? state.Span[0] : -1);
    }
}
