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
        var attributes = new List<RequestAttribute>();
        if (key is not null)
        {
            attributes.Add(KeyAttribute(key));
        }

        if (extensions.Count > 0)
        {
            using var writer = new DerWriter(512);
            X509Extension.WriteAll(writer, extensions);
            attributes.Add(new RequestAttribute(Oids.ExtensionRequest, [writer.ToArray()]));
        }

        return new CsrAttributes { ObjectIdentifiers = signature is null ? [] : [signature.Oid], Attributes = attributes };
    }

    /// <summary>RFC 9908 §3.4: one attribute that holds a template, for a client that knows it.</summary>
    public static CsrAttributes FromTemplate(CertificationRequestInfoTemplate template) =>
        new() { Attributes = [new RequestAttribute(Oids.CertificationRequestInfoTemplate, [template.Encode()])] };

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

    // RFC 7030 §4.5.2: the key's type, with the curve or the modulus' size in bits as its value.
    private static RequestAttribute KeyAttribute(KeyAlgorithm key)
    {
        using var writer = new DerWriter(32);
        switch (key.Family)
        {
            case AlgorithmFamily.Ecdsa:
                var identifier = new DerReader(key.AlgorithmIdentifier).ReadSequence("algorithm");
                identifier.ReadOid("algorithm");
                writer.WriteEncoded(identifier.ReadElement("curve").Span);
                break;
            case AlgorithmFamily.Rsa:
                writer.WriteInteger(key.SizeBits);
                break;
            default:
                return new RequestAttribute(key.Oid, []);
        }

        return new RequestAttribute(key.Oid, [writer.ToArray()]);
    }
}
