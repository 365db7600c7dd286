using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Requests;

/// <summary>
/// How csrattrs say that a request is to be about a second key too: the attributes of such a request (X.509 (2019) §9.8), as far as they can be known. No standard says how; this is
/// the SubjectPublicKeyInfoTemplate of RFC 9908 §3.4, which names a kind of key and leaves the key to the client, put where the key will stand.
/// </summary>
public static class AlternativeKeyAttributes
{
    /// <summary>subjectAltPublicKeyInfo with the kind alone, and altSignatureAlgorithm; altSignatureValue follows from them.</summary>
    public static IReadOnlyList<RequestAttribute> For(KeyAlgorithm alternative)
    {
        using var writer = new DerWriter(64);
        using (writer.Sequence())
        {
            writer.WriteEncoded(alternative.AlgorithmIdentifier.Span);
        }

        return
        [
            new RequestAttribute(Oids.SubjectAltPublicKeyInfo, [writer.ToArray()]),
            new RequestAttribute(Oids.AltSignatureAlgorithm, [alternative.DefaultSignature.AlgorithmIdentifier]),
        ];
    }

    /// <summary>The kind of second key that csrattrs ask for; null when they ask for none, or for one that this build does not know.</summary>
    /// <param name="attributes"><see cref="CsrAttributes.RequestedAttributes"/>.</param>
    public static KeyAlgorithm? Find(IReadOnlyList<RequestAttribute> attributes)
    {
        foreach (var attribute in attributes)
        {
            if (attribute.Oid == Oids.SubjectAltPublicKeyInfo && attribute.Values is [var value])
            {
                return KeyAlgorithm.All.FirstOrDefault(kind => value.Span.EndsWith(kind.AlgorithmIdentifier.Span) && value.Length == kind.AlgorithmIdentifier.Length + 2);
            }
        }

        return null;
    }
}
