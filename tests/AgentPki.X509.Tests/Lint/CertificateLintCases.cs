using System.Net;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Golden cases: octets and context that break exactly the rule they are filed under, and octets that break none.</summary>
internal static class CertificateLintCases
{
    internal static readonly TimeSpan Days = TimeSpan.FromDays(2);

    internal sealed record Case(byte[] Tbs, LintContext Context)
    {
        /// <summary>Rules that necessarily break together with the one meant.</summary>
        public IReadOnlyList<string> Also { get; init; } = [];
    }

    public static LintContext RootContext => new(CertificatePosition.Root, null, TimeSpan.FromDays(366 * 12));

    public static LintContext IssuingContext => new(CertificatePosition.IssuingCa, Root, TimeSpan.FromDays(366 * 6));

    public static LintContext AgentContext => new(CertificatePosition.EndEntity, Issuing, Days) { TrustDomain = "agents.example", SigningAlgorithm = SignatureAlgorithm.EcdsaSha256 };

    /// <summary>An agent of a CA that signs twice, after both signatures' preparation.</summary>
    public static LintContext CatalystContext => AgentContext with { Issuer = CatalystPki.Issuing, AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 };

    public static LintContext ServerContext => AgentContext with { Position = CertificatePosition.TlsServer };

    public static LintContext ResponderContext => AgentContext with { Position = CertificatePosition.OcspResponder };

    public static TbsCertificate ServerTbs() => AgentTbs() with
    {
        Subject = X500Name.Create((Oids.CommonName, "pki.example")),
        Extensions = AgentTbs().Extensions
            .With(X509Extension.ExtendedKeyUsage(Oids.ServerAuth))
            .With(X509Extension.SubjectAlternativeName([new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.pki.example"), new GeneralName.Ip(IPAddress.Loopback)])),
    };

    /// <summary>An agent's certificate over an ML-KEM key, as BouncyCastle makes and encodes it.</summary>
    internal static Case EncapsulationTbs(KeyUsages usage, params string[] purposes)
    {
        var key = PublicKey.Parse(BouncyCastlePki.MlKem768.Value.SubjectPublicKeyInfo);
        return new((AgentTbs() with
        {
            PublicKey = key,
            Extensions = AgentTbs().Extensions.With(X509Extension.KeyUsage(usage)).With(X509Extension.ExtendedKeyUsage(purposes)).With(X509Extension.SubjectKeyIdentifier(key.KeyIdentifier())),
        }).Encode(), AgentContext);
    }

    public static IReadOnlyDictionary<string, Case> Good { get; } = new Dictionary<string, Case>
    {
        ["root"] = new(RootTbs().Encode(), RootContext),
        ["root with its own key identifier"] = new((RootTbs() with { Extensions = [.. RootTbs().Extensions, X509Extension.AuthorityKeyIdentifier(RootKey.PublicKey.KeyIdentifier())] }).Encode(), RootContext),
        ["root past 2049"] = new((RootTbs() with { NotAfter = new(2051, 1, 1, 0, 0, 0, TimeSpan.Zero) }).Encode(), RootContext with { MaximumValidity = TimeSpan.FromDays(366 * 30) }),
        ["issuing"] = new(IssuingTbs().Encode(), IssuingContext),
        ["issuing with name constraints"] = new((IssuingTbs() with
        {
            Extensions = [.. IssuingTbs().Extensions, X509Extension.NameConstraints([new NameSubtree.UriHost("agents.example"), new NameSubtree.Dns("example")])],
        }).Encode(), IssuingContext),
        ["agent"] = new(AgentTbs().Encode(), AgentContext),
        ["agent that receives secrets"] = EncapsulationTbs(KeyUsages.KeyEncipherment, Oids.EmailProtection),
        ["agent without a subject"] = new((AgentTbs() with
        {
            Subject = X500Name.Empty,
            Extensions = AgentTbs().Extensions.With(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/a")], critical: true)),
        }).Encode(), AgentContext),
        ["agent with noRevAvail"] = new((AgentTbs() with
        {
            Extensions = [.. AgentTbs().Extensions.Without(Oids.CrlDistributionPoints).Without(Oids.AuthorityInformationAccess), X509Extension.NoRevocationAvailable()],
        }).Encode(), AgentContext),
        ["agent with an RSA key"] = new((AgentTbs() with
        {
            PublicKey = Key(KeyAlgorithm.Rsa2048).PublicKey,
            Extensions = AgentTbs().Extensions.With(X509Extension.SubjectKeyIdentifier(Key(KeyAlgorithm.Rsa2048).PublicKey.KeyIdentifier()))
                .With(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyEncipherment)),
        }).Encode(), AgentContext),
        ["agent with a critical policy that its relying parties heed"] =
            new((AgentTbs() with { Extensions = [.. AgentTbs().Extensions, AgentPolicy.Nothing.ToExtension(AgentPolicyDer.DefaultOid, critical: true)] }).Encode(), AgentContext with { Understood = AgentPolicyDer.DefaultOid }),
        ["server"] = new(ServerTbs().Encode(), ServerContext),
        ["agent with a related certificate"] = new((AgentTbs() with { Extensions = [.. AgentTbs().Extensions, RelatedCertificate.To(Agent).ToExtension()] }).Encode(), AgentContext),
        ["catalyst root"] = new(CatalystPki.Root.Tbs.ToArray(), RootContext with { AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 }),
        ["catalyst issuing"] = new(CatalystPki.Issuing.Tbs.ToArray(), IssuingContext with { Issuer = CatalystPki.Root, AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 }),
        ["catalyst agent"] = new(CatalystPki.Agent.Tbs.ToArray(), CatalystContext),
        ["catalyst agent before the alternative signature"] =
            new(CatalystPki.Draft(CatalystPki.WithKey(AgentTbs(), CatalystPki.AgentAlternative), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true }),
        ["agent with one key of a CA that signs twice"] = new(CatalystPki.Final(AgentTbs(), CatalystPki.IssuingAlternative), CatalystContext),
        ["agent with two keys of a CA that signs once"] = new(CatalystPki.WithKey(AgentTbs(), CatalystPki.AgentAlternative).Encode(), AgentContext),
        ["responder"] = new(OcspResponderTbs().Encode(), ResponderContext),
    };

    /// <summary>By the rule that they break; each rule has some.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Bad { get; } =
        new[] { FieldLintCases.Cases, UsageLintCases.Cases, NameLintCases.Cases, StatusLintCases.Cases, SecondKeyLintCases.Cases }.SelectMany(c => c).ToDictionary();

    internal static Case Tbs(Func<TbsCertificate, TbsCertificate> change) => new(change(AgentTbs()).Encode(), AgentContext);

    internal static Case Raw(Func<RawTbs, RawTbs> change) => new(change(RawTbs.From(AgentTbs())).Encode(), AgentContext);

    internal static X509Extension Raw(string oid, byte[] value) => new(oid, oid == Oids.KeyUsage, value);

    internal static Case Add(X509Extension extension) => Tbs(t => t with { Extensions = [.. t.Extensions, extension] });

    internal static Case Replace(X509Extension extension) => Tbs(t => t with { Extensions = t.Extensions.With(extension) });

    internal static Case Remove(string oid) => Tbs(t => t with { Extensions = t.Extensions.Without(oid) });

    internal static Case Named(params GeneralName[] names) => Replace(X509Extension.SubjectAlternativeName(names));

    internal static Case Server(params GeneralName[] names) => new((ServerTbs() with { Extensions = ServerTbs().Extensions.With(X509Extension.SubjectAlternativeName(names)) }).Encode(), ServerContext);
}
