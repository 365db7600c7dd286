using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Est;

/// <summary>The names that a request asks for: a subject and the value of a subjectAltName extension.</summary>
internal sealed record AgentName(X500DistinguishedName Subject, X509Extension? SubjectAlternativeName)
{
    private const string SubjectAlternativeNameOid = "2.5.29.17";

    /// <summary>A new name: every <c>{id}</c> of the template is replaced.</summary>
    internal static AgentName FromTemplate(string uriTemplate, string id, bool commonName)
    {
        var names = new AsnWriter(AsnEncodingRules.DER);
        using (names.PushSequence())
            names.WriteCharacterString(UniversalTagNumber.IA5String, uriTemplate.Replace("{id}", id, StringComparison.Ordinal), new Asn1Tag(TagClass.ContextSpecific, 6));
        return new AgentName(new X500DistinguishedName(commonName ? $"CN={id}" : ""), new X509Extension(SubjectAlternativeNameOid, names.Encode(), critical: false));
    }

    /// <summary>RFC 7030 §4.2.2: a renewal names exactly what the certificate names.</summary>
    internal static AgentName Of(X509Certificate2 certificate) =>
        new(certificate.SubjectName, certificate.Extensions[SubjectAlternativeNameOid]);

    internal byte[] Request(ECDsa key)
    {
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        if (SubjectAlternativeName is not null)
            request.CertificateExtensions.Add(SubjectAlternativeName);
        return request.CreateSigningRequest();
    }
}
