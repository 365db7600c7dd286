using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Requests;

/// <summary>An extension that a request must carry (RFC 9908 §3.4 ExtensionTemplate).</summary>
/// <param name="Value">The extnValue's content; null where the client fills it in.</param>
public sealed record ExtensionTemplate(string Oid, bool Critical = false, ReadOnlyMemory<byte>? Value = null);

/// <summary>
/// RFC 9908 §3.4 CertificationRequestInfoTemplate: what a request is to look like, with some values given and the others left to the client. Supersedes lists of
/// attributes, which could not say what to put into a subject.
/// </summary>
public sealed record CertificationRequestInfoTemplate
{
    /// <summary>Attribute types of the subject, most general first, each an RDN of its own; a null value is for the client to fill in. Null: any subject.</summary>
    public IReadOnlyList<(string Oid, string? Value)>? Subject { get; init; }

    /// <summary>Null: any key.</summary>
    public KeyAlgorithm? Key { get; init; }

    public IReadOnlyList<ExtensionTemplate> Extensions { get; init; } = [];

    /// <summary>Further attributes; one without a value is for the client to fill in.</summary>
    public IReadOnlyList<RequestAttribute> Attributes { get; init; } = [];

    /// <summary>The DER CertificationRequestInfoTemplate.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter(512);
        using (writer.Sequence())
        {
            // version v1(0)
            writer.WriteInteger(0);
            WriteSubject(writer);
            WriteKey(writer);
            // attributes [1] IMPLICIT SET OF Attribute, not optional
            using var attributes = writer.SetOf(DerTag.ContextConstructed(1));
            WriteExtensions(writer);
            foreach (var attribute in Attributes)
            {
                attribute.Write(writer);
            }
        }

        return writer.ToArray();
    }

    /// <summary>What a template says of the key, and its attributes; the subject is read past.</summary>
    /// <exception cref="MalformedDataException">Not the DER of a CertificationRequestInfoTemplate.</exception>
    internal static (RequestedKey Key, IReadOnlyList<RequestAttribute> Attributes) Read(ReadOnlyMemory<byte> template)
    {
        var outer = new DerReader(template);
        var sequence = outer.ReadSequence("template");
        outer.End("template");
        sequence.ReadInt32("version", 0, 0);
        if (sequence.NextIs(DerTag.Sequence))
        {
            sequence.ReadElement(DerTag.Sequence, "subject");
        }

        RequestedKey key = new RequestedKey.Any();
        if (sequence.NextIs(DerTag.ContextConstructed(0)))
        {
            var info = sequence.ReadConstructed(DerTag.ContextConstructed(0), "subjectPKInfo");
            var identifier = info.ReadElement(DerTag.Sequence, "algorithm");
            var placeholder = info.IsEmpty ? default : info.ReadBitStringOctets("subjectPublicKey");
            info.End("subjectPKInfo");
            key = RequestedKey.FromIdentifier(identifier, placeholder);
        }

        var attributes = RequestAttribute.ReadAll(sequence.ReadConstructed(DerTag.ContextConstructed(1), "attributes"), "attributes");
        sequence.End("template");
        return (key, attributes);
    }

    // NameTemplate: RDNs whose values are OPTIONAL.
    private void WriteSubject(DerWriter writer)
    {
        if (Subject is null)
        {
            return;
        }

        using var name = writer.Sequence();
        foreach (var (oid, value) in Subject)
        {
            using var rdn = writer.SetOf();
            using var attribute = writer.Sequence();
            writer.WriteOid(oid);
            if (value is not null)
            {
                writer.WriteString(Names.NameSyntax.Check(oid, value), value);
            }
        }
    }

    // subjectPKInfo [0] IMPLICIT { algorithm, subjectPublicKey BIT STRING OPTIONAL }
    private void WriteKey(DerWriter writer)
    {
        if (Key is not { } key)
        {
            return;
        }

        using var info = writer.Constructed(DerTag.ContextConstructed(0));
        writer.WriteEncoded(key.AlgorithmIdentifier.Span);
        if (key.Family != AlgorithmFamily.Rsa)
        {
            return;
        }

        // The algorithm does not say the size of an RSA key: a placeholder does, of which only the modulus' length counts.
        using var placeholder = new DerWriter(600);
        using (placeholder.Sequence())
        {
            var modulus = new byte[key.SizeBits / 8];
            modulus[0] = 0x80;
            placeholder.WriteUnsignedInteger(modulus);
            placeholder.WriteInteger(65537);
        }

        writer.WriteBitString(placeholder.Written);
    }

    // RFC 9908 §3.4: extensionRequest when every value is given, extensionReqTemplate when the client fills some in.
    private void WriteExtensions(DerWriter writer)
    {
        if (Extensions.Count == 0)
        {
            return;
        }

        using var attribute = writer.Sequence();
        writer.WriteOid(Extensions.All(e => e.Value is not null) ? Oids.ExtensionRequest : Oids.ExtensionRequestTemplate);
        using var values = writer.SetOf();
        using var list = writer.Sequence();
        foreach (var extension in Extensions)
        {
            using var element = writer.Sequence();
            writer.WriteOid(extension.Oid);
            if (extension.Critical)
            {
                writer.WriteBoolean(true);
            }

            if (extension.Value is { } value)
            {
                writer.WriteOctetString(value.Span);
            }
        }
    }
}
