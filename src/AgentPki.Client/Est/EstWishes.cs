using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Requests;

namespace AgentPki.Client.Est;

/// <summary>What a server wants of a request, as its csrattrs say it (RFC 9908).</summary>
/// <param name="Key">The kind of key.</param>
/// <param name="Alternative">The kind of a second key in the same request (X.509 (2019) §9.8); null: none.</param>
/// <param name="RelatedCertificate">Whether the request may name another certificate of the same agent (RFC 9763).</param>
public sealed record EstWishes(RequestedKey Key, KeyAlgorithm? Alternative, bool RelatedCertificate)
{
    /// <summary>Of a server that leaves everything to the client.</summary>
    public static EstWishes None { get; } = new(new RequestedKey.Any(), null, false);

    /// <exception cref="MalformedDataException">A template or an attribute that cannot be read.</exception>
    internal static EstWishes Of(CsrAttributes attributes)
    {
        var requested = attributes.RequestedAttributes();
        return new EstWishes(attributes.RequestedKey(), AlternativeKeyAttributes.Find(requested), requested.Any(a => a.Oid == Oids.RelatedCertRequest));
    }
}
