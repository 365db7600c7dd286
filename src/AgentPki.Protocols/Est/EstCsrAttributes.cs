using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Est;

/// <summary>
/// What a profile wants of a request, as CsrAttrs: the list that RFC 7030 §4.5.2 knows (kind of key, signature, extensions), and the template of RFC 9908 §3.4 for
/// clients that know it. Never challengePassword: TLS 1.3 has nothing to link it to (RFC 7030 §3.5).
/// </summary>
internal static class EstCsrAttributes
{
    /// <summary>The DER CsrAttrs; empty when the profile leaves everything to the client.</summary>
    public static byte[] For(CertificateProfile profile)
    {
        if (profile.Keys.IsEmpty)
        {
            return [];
        }

        var (key, alternative) = profile.Keys[0];
        var pair = alternative is null ? [] : AlternativeKeyAttributes.For(alternative);
        string[] own = [.. FilledIn(profile, key)];
        var list = CsrAttributes.For(key, key.CanSign ? key.DefaultSignature : null, []);
        var template = CsrAttributes.FromTemplate(new CertificationRequestInfoTemplate
        {
            Subject = profile.Subject.Source == SubjectSource.Request ? [.. Attributes(profile)] : null,
            Key = key,
            Extensions = [new ExtensionTemplate(Oids.SubjectAlternativeName)],
            Attributes = [.. pair, .. own.Select(oid => new RequestAttribute(oid, []))],
        });
        return (list with
        {
            ObjectIdentifiers = [.. list.ObjectIdentifiers, .. own],
            Attributes = [.. list.Attributes, .. pair, .. template.Attributes],
        }).Encode();
    }

    // Attributes whose value only the client can know: it holds another certificate, and says so by its key.
    private static IEnumerable<string> FilledIn(CertificateProfile profile, KeyAlgorithm key)
    {
        if (!key.CanSign)
        {
            // What cannot sign comes with the statement of a certificate's holder (RFC 9883), or from serverkeygen.
            yield return Oids.StatementOfPossession;
        }

        if (profile.RelatedCertificates)
        {
            // RFC 9763 §3.1: offered, not demanded; who holds no other certificate leaves it out.
            yield return Oids.RelatedCertRequest;
        }
    }

    // The common name alone: it is what an agent is called after; the others a profile allows are the client's own choice.
    private static IEnumerable<(string Oid, string? Value)> Attributes(CertificateProfile profile) =>
        profile.Subject.AllowedAttributes.Where(oid => oid == Oids.CommonName).Select(oid => (oid, (string?)null));
}
