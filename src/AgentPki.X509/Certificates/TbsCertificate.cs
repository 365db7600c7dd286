using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Certificates;

/// <summary>What is to be signed (RFC 5280 §4.1.2): the fields of a version 3 certificate before they are octets.</summary>
public sealed record TbsCertificate
{
    /// <summary>The INTEGER's content octets: big-endian two's complement, minimal, positive, at most 20.</summary>
    public required ReadOnlyMemory<byte> SerialNumber { get; init; }

    public required SignatureAlgorithm Signature { get; init; }

    public required X500Name Issuer { get; init; }

    /// <summary>Written in whole seconds; a fraction is cut off.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required X500Name Subject { get; init; }

    public required PublicKey PublicKey { get; init; }

    public required IReadOnlyList<X509Extension> Extensions { get; init; }

    /// <summary>The DER TBSCertificate: exactly what is linted, signed and released.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            // RFC 5280 §4.1.2.1: version [0] EXPLICIT v3(2)
            using (writer.Constructed(DerTag.ContextConstructed(0)))
            {
                writer.WriteInteger(2);
            }

            // RFC 5280 §4.1.2.2
            writer.Write(DerTag.Integer, SerialNumber.Span);
            // RFC 5280 §4.1.2.3
            writer.WriteEncoded(Signature.AlgorithmIdentifier.Span);
            // RFC 5280 §4.1.2.4
            writer.WriteEncoded(Issuer.Der.Span);
            // RFC 5280 §4.1.2.5
            using (writer.Sequence())
            {
                writer.WriteTime(NotBefore);
                writer.WriteTime(NotAfter);
            }

            // RFC 5280 §4.1.2.6
            writer.WriteEncoded(Subject.Der.Span);
            // RFC 5280 §4.1.2.7
            writer.WriteEncoded(PublicKey.SubjectPublicKeyInfo.Span);
            WriteExtensions(writer);
        }

        return writer.ToArray();
    }

    // RFC 5280 §4.1.2.9: extensions [3] EXPLICIT, left out rather than empty.
    private void WriteExtensions(DerWriter writer)
    {
        if (Extensions.Count == 0)
        {
            return;
        }

        using var tagged = writer.Constructed(DerTag.ContextConstructed(3));
        X509Extension.WriteAll(writer, Extensions);
    }
}
