using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Certifies the key of another PKI's root or of a root of this appliance, so that who trusts the one can verify the other (RFC 5280 §3.2, cross-certificates).</summary>
internal sealed class CrossSignStep() : StepKind(
    "cross-sign",
    "Certifies another CA's key and name by a CA here, so that who trusts that one can verify the other.",
    StepField.File("certificate", "the other CA's own certificate (DER or PEM)"),
    StepField.AuthorityName("name", "what the cross-certificate is called in the evidence"),
    StepField.AuthorityName("issuer", "the CA here that certifies it", required: false, otherwise: "root"),
    StepField.Validity("validity", "how long, or the end of either certificate where that comes first", "5y"))
{
    public override string Describe(PlannedStep step) => $"cross-sign the CA of {step["certificate"]} (SHA-256 {step["certificate.sha256"][..16]}…) by '{step["issuer"]}' for {step["validity"]}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var other = CertificateFiles.Parse(context.ReadFile("certificate"), "certificate");
        if (!other.IsCertificateAuthority || !other.IsValidAt(context.Time.GetUtcNow()))
        {
            throw new CeremonyException("That certificate is not a CA's, or not valid now.");
        }

        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var issuer = await authority.IssuerAsync(step["issuer"], cancellationToken);
        if (other.PublicKey.Equals(issuer.Certificate.PublicKey))
        {
            throw new CeremonyException($"That is '{issuer.Name}' itself: a CA certifies no key of its own again.");
        }

        var end = Validities.EndOf(step["validity"], context.Time.GetUtcNow());
        X509Extension[] extensions =
        [
            X509Extension.AuthorityKeyIdentifier(issuer.Certificate.SubjectKeyIdentifier),
            // RFC 5280 §4.2.1.9: no deeper than its own certificate says.
            X509Extension.BasicConstraints(true, other.BasicConstraints?.PathLength),
            X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
            // RFC 5280 §4.2.1.2: the identifier that the CA itself uses, or paths through this certificate would not be found.
            X509Extension.SubjectKeyIdentifier(other.SubjectKeyIdentifier.IsEmpty ? other.PublicKey.KeyIdentifier() : other.SubjectKeyIdentifier.ToArray()),
            X509Extension.CrlDistributionPoints(environment.Options.CertificateListUrl(issuer.Name)),
            X509Extension.AuthorityInformationAccess([], [environment.Options.CertificateUrl(issuer.Name)]),
            .. other.AlternativePublicKey is { } second ? [X509Extension.SubjectAltPublicKeyInfo(second)] : Array.Empty<X509Extension>(),
        ];
        var certificate = await authority.CertifyAsync(
            issuer, other.Subject, other.PublicKey, end < other.NotAfter ? end : other.NotAfter, extensions, CertificatePosition.CrossCertificate, "cross-certificate", context.Actor, cancellationToken);
        await AuthorityMaking.RecordChainAsync(context, issuer);
        await AuthorityMaking.RecordAsync(context, step["name"], certificate, "cross-certificate");
    }
}
