using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>At the online appliance: makes the key of an issuing CA and a request that goes to a root elsewhere.</summary>
internal sealed class IssuingRequestStep() : StepKind(
    "issuing-request",
    "Makes the key of an issuing CA, and a request (PKCS#10) to be carried to a root elsewhere.",
    StepField.AuthorityName("name", "the CA's name in profiles, configuration and URLs", required: false, otherwise: "issuing"),
    StepField.Subject("subject", "its subject as RFC 4514 writes it"),
    StepField.Keys("algorithm", "the kind of its key or keys", "ecdsa-p256"),
    StepField.Word("protection", "token, or token-wrapped where no token has the algorithm: then the key is in this process's memory while it signs", "token", "token", "token-wrapped"),
    StepField.Word("backup", "how its keys may be kept a second time; none: with the token they are gone", "none", "none", "wrapped", "token-files", "cloning-domain"))
{
    public override string Describe(PlannedStep step) => $"make the key of the issuing CA '{step["name"]}' ({step["algorithm"]}) and a request for its certificate ({step["subject"]}){AuthorityMaking.Keeping(step)}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, subject) = (context.Step, X500Name.FromRfc4514(context.Step["subject"]));
        if (!KeyKind.TryParse(step["algorithm"], out var kind, out var error))
        {
            throw new CeremonyException($"The algorithm of the plan is none: {error}.");
        }

        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        await using var keys = await authority.Keys.OpenOrGenerateAuthorityAsync(
            AuthorityMaking.LabelOf(context, step["name"]), AuthorityMaking.PlaceOf(context, kind.Key, null), kind.Alternative is { } second ? AuthorityMaking.PlaceOf(context, second, null) : null, context.Actor, cancellationToken);
        await AuthorityMaking.RecordKeysAsync(context, step["name"], keys, cancellationToken);
        await authority.Keys.RecordFoundAsync(keys, context.Actor);
        var request = await keys.Guarded.RequestCertificateAsync(subject, keys.Alternative?.Key, cancellationToken);
        await context.RecordFileAsync(RecordKinds.Object, $"{step["name"]}.csr", request, ("what", "certification request"), ("subject", subject.ToString()), ("public-key-sha256", Convert.ToHexStringLower(keys.Guarded.PublicKey.Fingerprint())));
        context.Room.Tell($"The request is artifacts/{step["name"]}.csr in the evidence: carry it to the root.");
        context.Room.Tell($"  SHA-256 {Convert.ToHexStringLower(SHA256.HashData(request))}");
    }
}

/// <summary>At the root: certifies an issuing CA of another appliance.</summary>
internal sealed class SignRequestStep() : StepKind(
    "sign-request",
    "Certifies an issuing CA elsewhere by its request (PKCS#10, DER or PEM).",
    StepField.File("request", "the request's file"),
    StepField.AuthorityName("name", "what the issuing CA is called"),
    StepField.AuthorityName("issuer", "the CA here that certifies it", required: false, otherwise: "root"),
    StepField.Validity("validity", "how long its certificate lasts, or its issuer's end where that comes first", "5y"),
    StepField.Word("constrained", "whether it may certify SPIFFE IDs of this trust domain only", "yes", "yes", "no"),
    StepField.Word("below", "how many CAs may stand between it and end entities: 1 for one whose servers make CAs of their own, as SPIRE's do", "0", "0", "1"))
{
    public override string Describe(PlannedStep step) =>
        $"certify the issuing CA '{step["name"]}', whose request is {step["request"]} (SHA-256 {step["request.sha256"][..16]}…), by '{step["issuer"]}' for {step["validity"]}{(step["below"] == "0" ? "" : ", and let it make CAs of its own")}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var request = Parse(context.ReadFile("request"), environment.Providers);
        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var issuer = await authority.IssuerAsync(step["issuer"], cancellationToken);
        if (await FindAsync(environment.Stores.Certificates, request.PublicKey, issuer, cancellationToken) is { } there)
        {
            await AuthorityMaking.RecordChainAsync(context, issuer);
            await AuthorityMaking.RecordAsync(context, step["name"], there, "found from a try before");
            return;
        }

        var certificate = await authority.CertifyAsync(
            issuer,
            request.Subject,
            request.PublicKey,
            Validities.EndOf(step["validity"], context.Time.GetUtcNow()),
            AuthorityExtensions.ForIssuing(request.PublicKey, request.AlternativePublicKey, issuer, environment.Options, step["constrained"] == "yes", step["below"] == "0" ? 0 : 1),
            CertificatePosition.IssuingCa,
            $"{step["name"]}-ca",
            context.Actor,
            cancellationToken);
        await AuthorityMaking.RecordChainAsync(context, issuer);
        await AuthorityMaking.RecordAsync(context, step["name"], certificate, "for a request");
        context.Room.Tell($"The certificate is artifacts/{step["name"]}.der in the evidence: carry it, and artifacts/{issuer.Name}.der, to the appliance that asked.");
    }

    private static Pkcs10Request Parse(byte[] octets, CryptoProviders providers)
    {
        var der = CertificateFiles.Octets(octets, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
        if (!Pkcs10Request.TryParse(der, out var request, out var error))
        {
            throw new CeremonyException($"The file is not a request that can be taken: {error.Detail}.");
        }

        return request.VerifySignature(providers) ? request : throw new CeremonyException("The request is not signed by its own key: whoever sent it may not have the key.");
    }

    private static async ValueTask<Certificate?> FindAsync(ICertificateStore certificates, PublicKey key, Issuer issuer, CancellationToken cancellationToken) =>
        (await certificates.ListByKeyAsync(key.Fingerprint(), 100, cancellationToken)).Where(c => c.Certificate.Authority == issuer.Name && c.Status is CertificateStatus.Good)
            .Select(c => Certificate.Parse(c.Certificate.Der)).FirstOrDefault();
}

/// <summary>At the online appliance: installs the certificate that a root elsewhere made for the key of <c>issuing-request</c>.</summary>
internal sealed class InstallAuthorityStep() : StepKind(
    "install-ca",
    "Installs the certificate of an issuing CA whose key is here and whose issuer is elsewhere.",
    StepField.AuthorityName("name", "the CA's name, as in issuing-request", required: false, otherwise: "issuing"),
    StepField.File("certificate", "its certificate (DER or PEM)"),
    StepField.AuthorityName("issuer", "what the CA elsewhere is called here", required: false, otherwise: "root"),
    StepField.File("issuer-certificate", "that CA's certificate: relying parties' anchor"))
{
    public override string Describe(PlannedStep step) => $"install the certificate of the issuing CA '{step["name"]}' ({step["certificate"]}) under '{step["issuer"]}', whose key is elsewhere";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var certificate = CertificateFiles.Parse(context.ReadFile("certificate"), "certificate");
        var issuer = CertificateFiles.Parse(context.ReadFile("issuer-certificate"), "issuer-certificate");
        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        CheckChain(context, certificate, issuer);
        var label = AuthorityMaking.LabelOf(context, step["name"]);
        await using var keys = await authority.Keys.OpenOrGenerateAuthorityAsync(
            label, new AuthorityKeyPlace(certificate.PublicKey.Algorithm, null, null), certificate.AlternativePublicKey is { } second ? new AuthorityKeyPlace(second.Algorithm, null, null) : null, context.Actor, cancellationToken);
        if (!keys.Guarded.PublicKey.Equals(certificate.PublicKey) || !Equals(keys.Alternative?.Key.PublicKey, certificate.AlternativePublicKey))
        {
            throw new CeremonyException($"The certificate is for another key than '{label}', which this appliance has for '{step["name"]}'.");
        }

        var now = environment.Time.GetUtcNow();
        if (await authority.FindAsync(step["issuer"], cancellationToken) is not { } above)
        {
            await authority.InstallAsync(new AuthorityRecord(step["issuer"], step["issuer"], KeyReference.Elsewhere(step["issuer"]), issuer.SignatureAlgorithm, issuer.Der.ToArray(), now), issuer, context.Actor);
        }
        else if (!above.Der.AsSpan().SequenceEqual(issuer.Der.Span))
        {
            throw new CeremonyException($"A CA '{step["issuer"]}' is known here with another certificate. Choose another name.");
        }

        if (await authority.FindAsync(step["name"], cancellationToken) is null)
        {
            var alternative = keys is { Second.Key.Reference: { } reference, Alternative: { } signer } ? new AlternativeAuthorityKey(reference, signer.Signature) : null;
            await authority.InstallAsync(
                new AuthorityRecord(step["name"], step["issuer"], keys.First.Key.Reference, certificate.PublicKey.Algorithm.DefaultSignature, certificate.Der.ToArray(), now, alternative), certificate, context.Actor);
        }

        await AuthorityMaking.RecordKeysAsync(context, step["name"], keys, cancellationToken);
        await AuthorityMaking.RecordAsync(context, step["issuer"], issuer, "elsewhere");
        await AuthorityMaking.RecordAsync(context, step["name"], certificate, "elsewhere");
    }

    private static void CheckChain(StepContext context, Certificate certificate, Certificate issuer)
    {
        var now = context.Time.GetUtcNow();
        var wrong = !certificate.Issuer.Equals(issuer.Subject) || !certificate.VerifySignature(issuer.PublicKey, context.Software) ? "it is not signed by the issuer's certificate that was given"
            : !certificate.IsCertificateAuthority || !issuer.IsCertificateAuthority ? "one of the two is not a CA's"
            : !certificate.IsValidAt(now) || !issuer.IsValidAt(now) ? "one of the two is not valid now"
            : certificate.Subject.Equals(issuer.Subject) ? "it is the issuer's own"
            : null;
        if (wrong is not null)
        {
            throw new CeremonyException($"The certificate cannot be installed: {wrong}.");
        }
    }
}
