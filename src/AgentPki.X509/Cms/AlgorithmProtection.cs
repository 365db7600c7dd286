using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;

namespace AgentPki.X509.Cms;

/// <summary>
/// RFC 6211 CMSAlgorithmProtection: a signed attribute that repeats the signer's digest and signature algorithm, so that neither can be exchanged for another under the same signature.
/// Recommended for the post-quantum signatures (RFC 9814 §5, RFC 9882 §4) and written for all.
/// </summary>
internal static class AlgorithmProtection
{
    private static readonly byte Signature = DerTag.ContextConstructed(1);

    /// <summary>The attribute of a signer with that algorithm.</summary>
    internal static RequestAttribute For(SignatureAlgorithm algorithm)
    {
        using var writer = new DerWriter(64);
        using (writer.Sequence())
        {
            CmsDigest.For(algorithm).Write(writer);
            // signatureAlgorithm [1] IMPLICIT: the same octets under another tag
            writer.Write(Signature, new DerReader(algorithm.AlgorithmIdentifier).ReadContent(DerTag.Sequence, "signatureAlgorithm").Span);
        }

        return new RequestAttribute(Oids.CmsAlgorithmProtection, [writer.ToArray()]);
    }

    /// <summary>RFC 6211 §3.1: where the attribute is there, there is one with one value, and it names what the SignerInfo names.</summary>
    /// <param name="signatureAlgorithm">The AlgorithmIdentifier as it came.</param>
    internal static bool Holds(IReadOnlyList<RequestAttribute> attributes, CmsDigest digest, ReadOnlyMemory<byte> signatureAlgorithm)
    {
        var found = attributes.Where(a => a.Oid == Oids.CmsAlgorithmProtection).ToArray();
        return found.Length == 0 || (found is [{ Values: [var value] }] && Names(value, digest, signatureAlgorithm));
    }

    private static bool Names(ReadOnlyMemory<byte> value, CmsDigest digest, ReadOnlyMemory<byte> signatureAlgorithm)
    {
        try
        {
            var outer = new DerReader(value);
            var sequence = outer.ReadSequence("CMSAlgorithmProtection");
            outer.End("CMSAlgorithmProtection");
            // Parameters absent or NULL are the same digest.
            if (CmsDigest.Read(ref sequence) != digest)
            {
                return false;
            }

            var content = sequence.ReadContent(Signature, "signatureAlgorithm");
            sequence.End("CMSAlgorithmProtection"); // a macAlgorithm has no place in a signature
            return content.Span.SequenceEqual(new DerReader(signatureAlgorithm).ReadContent(DerTag.Sequence, "signatureAlgorithm").Span);
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }
}
