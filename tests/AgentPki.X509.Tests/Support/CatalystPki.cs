using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Tests.Support;

/// <summary>The small hierarchy of <see cref="TestPki"/> once more, every key with an alternative beside it.</summary>
internal static class CatalystPki
{
    public static ISigningKey RootAlternative => TestPki.Key(KeyAlgorithm.Ed25519, "root-alt");

    public static ISigningKey IssuingAlternative => TestPki.Key(KeyAlgorithm.Ed25519, "issuing-alt");

    public static ISigningKey AgentAlternative => TestPki.Key(KeyAlgorithm.Ed25519, "agent-alt");

    public static Certificate Root { get; } = Issue(WithKey(TestPki.RootTbs(), RootAlternative), TestPki.RootKey, RootAlternative);

    public static Certificate Issuing { get; } = Issue(WithKey(TestPki.IssuingTbs(), IssuingAlternative), TestPki.RootKey, RootAlternative);

    public static Certificate Agent { get; } = Issue(WithKey(TestPki.AgentTbs(), AgentAlternative), TestPki.IssuingKey, IssuingAlternative);

    public static TbsCertificate WithKey(TbsCertificate tbs, ISigningKey alternative) =>
        tbs with { Extensions = [.. tbs.Extensions, X509Extension.SubjectAltPublicKeyInfo(alternative.PublicKey)] };

    /// <summary>The TBSCertificate with its altSignatureAlgorithm, before the alternative signature.</summary>
    public static byte[] Draft(TbsCertificate tbs, ISigningKey alternative) =>
        (tbs with { Extensions = [.. tbs.Extensions, X509Extension.AltSignatureAlgorithm(alternative.Algorithm.DefaultSignature)] }).Encode();

    public static byte[] Final(TbsCertificate tbs, ISigningKey alternative)
    {
        var draft = Draft(tbs, alternative);
        return PreTbs.CompleteCertificate(draft, TestPki.Sign(alternative, alternative.Algorithm.DefaultSignature, PreTbs.OfCertificate(draft)));
    }

    public static Certificate Issue(TbsCertificate tbs, ISigningKey issuer, ISigningKey alternative) =>
        Certificate.Parse(TestPki.IssueDer(Final(tbs, alternative), tbs.Signature, issuer));

    public static byte[] ListDraft(TbsCertificateList tbs, ISigningKey alternative, params IEnumerable<RevokedCertificate> entries) =>
        (tbs with { AlternativeSignature = alternative.Algorithm.DefaultSignature }).Encode(entries);

    public static byte[] ListFinal(TbsCertificateList tbs, ISigningKey alternative, params IEnumerable<RevokedCertificate> entries)
    {
        var draft = ListDraft(tbs, alternative, entries);
        return PreTbs.CompleteCertificateList(draft, TestPki.Sign(alternative, alternative.Algorithm.DefaultSignature, PreTbs.OfCertificateList(draft)));
    }

    public static CertificateList Sign(TbsCertificateList tbs, ISigningKey issuer, ISigningKey alternative, params IEnumerable<RevokedCertificate> entries) =>
        CertificateList.Parse(TestPki.IssueDer(ListFinal(tbs, alternative, entries), tbs.Signature, issuer));
}
