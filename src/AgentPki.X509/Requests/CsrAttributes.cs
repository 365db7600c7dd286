using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Requests;

/// <summary>
/// RFC 7030 §4.5.2 CsrAttrs as RFC 9908 §3 clarifies it: OIDs that a request is to contain, and attributes with values. challengePassword is never asked for: it
/// would promise the linking of RFC 7030 §3.5, which TLS 1.3 cannot give.
/// </summary>
public sealed record CsrAttributes
{
    /// <summary>Bare OIDs: attributes or signature algorithms whose value is the client's.</summary>
    public IReadOnlyList<string> ObjectIdentifiers { get; init; } = [];

    public IReadOnlyList<RequestAttribute> Attributes { get; init; } = [];

    /// <summary>
    /// The classical list for a client that knows RFC 7030 only: a key of <paramref name="key"/>'s kind, a signature of <paramref name="signature"/>, and these extensions.
    /// </summary>
    public static CsrAttributes For(KeyAlgorithm? key, SignatureAlgorithm? signature, IReadOnlyList<X509Extension> extensions)
    {
        var oids = new List<string>();
        var attributes = new List<RequestAttribute>();
        if (key?.Family is AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa)
        {
            attributes.Add(KeyAttribute(key));
        }
        else if (key is not null)
        {
            oids.Add(key.Oid); // it says all there is to say of such a key
        }

        if (extensions.Count > 0)
        {
            using var writer = new DerWriter(512);
            X509Extension.WriteAll(writer, extensions);
            attributes.Add(new RequestAttribute(Oids.ExtensionRequest, [writer.ToArray()]));
        }

        if (signature is not null && !oids.Contains(signature.Oid))
        {
            oids.Add(signature.Oid);
        }

        return new CsrAttributes { ObjectIdentifiers = oids, Attributes = attributes };
    }

    /// <summary>RFC 9908 §3.4: one attribute that holds a template, for a client that knows it.</summary>
    public static CsrAttributes FromTemplate(CertificationRequestInfoTemplate template) =>
        new() { Attributes = [new RequestAttribute(Oids.CertificationRequestInfoTemplate, [template.Encode()])] };

    /// <summary>
    /// The kind of key to make: what the template says where there is one (RFC 9908 §4: nothing else counts then), else what the list does.
    /// </summary>
    /// <exception cref="MalformedDataException">A template or an attribute that cannot be read.</exception>
    public RequestedKey RequestedKey() => FindTemplate() is { } template
        ? CertificationRequestInfoTemplate.Read(template).Key
        : Attributes.Select(Requests.RequestedKey.FromAttribute).Concat(ObjectIdentifiers.Select(Requests.RequestedKey.FromOid)).FirstOrDefault(k => k is not null)
            ?? new RequestedKey.Any();

    /// <summary>
    /// The attributes that a request is to carry: those of the template where there is one (RFC 9908 §4), else those of the list, its bare OIDs among them. One without a value is for
    /// the client to fill in.
    /// </summary>
    /// <exception cref="MalformedDataException">A template that cannot be read.</exception>
    public IReadOnlyList<RequestAttribute> RequestedAttributes() => FindTemplate() is { } template
        ? CertificationRequestInfoTemplate.Read(template).Attributes
        : [.. Attributes, .. ObjectIdentifiers.Select(oid => new RequestAttribute(oid, []))];

    /// <summary>The DER CsrAttrs: SEQUENCE OF AttrOrOID.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter(512);
        using (writer.Sequence())
        {
            foreach (var oid in ObjectIdentifiers)
            {
                writer.WriteOid(oid);
            }

            foreach (var attribute in Attributes)
            {
                attribute.Write(writer);
            }
        }

        return writer.ToArray();
    }

    /// <exception cref="MalformedDataException">Not the DER of CsrAttrs.</exception>
    public static CsrAttributes Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var sequence = outer.ReadSequence("CsrAttrs");
        outer.End("CsrAttrs");
        var oids = new List<string>();
        var attributes = new List<RequestAttribute>();
        while (!sequence.IsEmpty)
        {
            if (oids.Count + attributes.Count == Limits.ExtensionItems)
            {
                throw sequence.Malformed($"CsrAttrs: more than {Limits.ExtensionItems}");
            }

            if (sequence.NextIs(DerTag.ObjectIdentifier))
            {
                oids.Add(sequence.ReadOid("oid"));
            }
            else
            {
                attributes.AddRange(RequestAttribute.ReadAll(sequence.Inside(sequence.ReadElement(DerTag.Sequence, "attribute")), "attribute"));
            }
        }

        return new CsrAttributes { ObjectIdentifiers = oids, Attributes = attributes };
    }

    private ReadOnlyMemory<byte>? FindTemplate() => Attributes.FirstOrDefault(a => a.Oid == Oids.CertificationRequestInfoTemplate) switch
    {
        null => (ReadOnlyMemory<byte>?)null,
        { Values: [var template] } => template,
        _ => throw new MalformedDataException("CsrAttrs: the template attribute does not have one value"),
    };

    // RFC 7030 §4.5.2: the key's type, with the curve or the modulus' size in bits as its value.
    private static RequestAttribute KeyAttribute(KeyAlgorithm key)
    {
        using var writer = new DerWriter(32);
        if (key.Family == AlgorithmFamily.Rsa)
        {
            writer.WriteInteger(key.SizeBits);
        }
        else
        {
            var identifier = new DerReader(key.AlgorithmIdentifier).ReadSequence("algorithm");
            identifier.ReadOid("algorithm");
            writer.WriteEncoded(identifier.ReadElement("curve").Span);
        }

        return new RequestAttribute(key.Oid, [writer.ToArray()]);
    }
}
