using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Makes the first OCSP responder of a CA; the running appliance renews it by itself.</summary>
internal sealed class OcspSignerStep() : StepKind(
    "ocsp-signer",
    "Makes the OCSP responder of a CA here: its key in the token, and its certificate. The running appliance renews both.",
    StepField.AuthorityName("authority", "the CA that it answers for", required: false, otherwise: "issuing"))
{
    public override string Describe(PlannedStep step) => $"make the OCSP responder of '{step["authority"]}'";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var issuer = await authority.IssuerAsync(context.Step["authority"], cancellationToken);
        var keeper = await authority.RespondersAsync(cancellationToken);
        var responder = await keeper.CurrentAsync(issuer, cancellationToken) ?? throw new CeremonyException($"No profile with 'use: ocsp-responder' is for '{issuer.Name}'.");
        await SignerRecording.RecordAsync(context, issuer, responder.Certificate, responder.KeyReference, $"{issuer.Name} ocsp", cancellationToken);
    }
}

/// <summary>Makes a time-stamping unit (RFC 3161): its key and certificate. Time stamps are signed by whatever service uses that key.</summary>
internal sealed class TimeStampingSignerStep() : StepKind(
    "tsa-signer",
    "Makes a time-stamping unit (RFC 3161 §2.3): its key in the token, and its certificate.",
    StepField.AuthorityName("authority", "the CA that certifies it", required: false, otherwise: "issuing"),
    StepField.Subject("subject", "its subject as RFC 4514 writes it"),
    StepField.Keys("algorithm", "the kind of its key", "ecdsa-p256"),
    StepField.Validity("validity", "how long its certificate lasts, or its issuer's end where that comes first", "1y"))
{
    public override string Describe(PlannedStep step) => $"make a time-stamping unit ({step["subject"]}) under '{step["authority"]}' with {step["algorithm"]} keys for {step["validity"]}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        if (!KeyKind.TryParse(step["algorithm"], out var kind, out var error) || kind.Alternative is not null)
        {
            throw new CeremonyException($"The algorithm of a time-stamping unit is one kind of key: {error ?? step["algorithm"]}.");
        }

        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var issuer = await authority.IssuerAsync(step["authority"], cancellationToken);
        var (key, _) = await authority.Keys.OpenOrGenerateAsync($"{context.Home.KeyPrefix}{issuer.Name}-tsa", [kind.Key], KeyPurpose.TimeStamping, null, context.Actor, cancellationToken);
        await using var disposed = key;
        var known = (await environment.Stores.Certificates.ListByKeyAsync(key.PublicKey.Fingerprint(), 10, cancellationToken)).FirstOrDefault(c => c.Status is CertificateStatus.Good);
        var certificate = known is null ? await IssueAsync(context, authority, issuer, key.PublicKey, cancellationToken) : Certificate.Parse(known.Certificate.Der);
        await SignerRecording.RecordAsync(context, issuer, certificate, key.Reference, $"{issuer.Name} tsa", cancellationToken);
    }

    private static async Task<Certificate> IssueAsync(StepContext context, OfflineAuthority authority, Issuer issuer, PublicKey key, CancellationToken cancellationToken)
    {
        var options = context.Open.Environment.Options;
        var now = DateTimeOffset.FromUnixTimeSeconds(context.Time.GetUtcNow().ToUnixTimeSeconds());
        var end = Validities.EndOf(context.Step["validity"], now);
        var (notBefore, notAfter) = (now - TimeSpan.FromMinutes(10), end < issuer.Certificate.NotAfter ? end : issuer.Certificate.NotAfter);
        var (certificate, findings) = await issuer.SignAsync(
            new CertificateDraft(
                SerialNumber.Create(options.Epoch),
                issuer.Signature,
                X500Name.FromRfc4514(context.Step["subject"]),
                key,
                notBefore,
                notAfter,
                [
                    X509Extension.AuthorityKeyIdentifier(issuer.Certificate.SubjectKeyIdentifier),
                    X509Extension.KeyUsage(KeyUsages.DigitalSignature),
                    // RFC 3161 §2.3: timeStamping alone, and critical.
                    X509Extension.ExtendedKeyUsage(true, Oids.TimeStamping),
                    X509Extension.SubjectKeyIdentifier(key.KeyIdentifier()),
                    X509Extension.CrlDistributionPoints(options.CertificateListUrl(issuer.Name)),
                    X509Extension.AuthorityInformationAccess([options.OcspUrl], [options.CertificateUrl(issuer.Name)]),
                ],
                CertificatePosition.TimeStamping,
                notAfter - notBefore + TimeSpan.FromSeconds(1)),
            cancellationToken);
        if (certificate is null)
        {
            throw new CeremonyException($"The certificate would not be in order: {string.Join("; ", findings.Where(f => f.Severity == LintSeverity.Error))}. Nothing was signed.");
        }

        await authority.RecordIssuedAsync(issuer, certificate, "tsa", context.Actor);
        return certificate;
    }
}

/// <summary>What both record: the key, the CA that certified it, the certificate.</summary>
internal static class SignerRecording
{
    public static async Task RecordAsync(StepContext context, Issuer issuer, Certificate certificate, KeyReference reference, string owner, CancellationToken cancellationToken)
    {
        await using (var key = await KeySearch.FindAsync(context.Open.Environment.Providers, reference.Label, reference.Provider, cancellationToken) ?? throw new CeremonyException($"The key '{reference.Label}' is not there."))
        {
            await context.RecordKeyAsync(owner, key, isNew: true, cancellationToken);
        }

        await AuthorityMaking.RecordChainAsync(context, issuer);
        await AuthorityMaking.RecordAsync(context, owner.Replace(' ', '-'), certificate, "now");
    }
}
