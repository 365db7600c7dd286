using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Makes a root CA.</summary>
internal sealed class RootAuthorityStep() : StepKind(
    "root-ca",
    "Makes a root CA: its key in the token, and its self-signed certificate.",
    StepField.AuthorityName("name", "the CA's name in configuration and URLs", required: false, otherwise: "root"),
    StepField.Subject("subject", "its subject as RFC 4514 writes it: CN=Example Root,O=Example"),
    StepField.Keys("algorithm", "the kind of its key or keys", "ecdsa-p384"),
    StepField.Validity("validity", "how long its certificate lasts", "20y"),
    StepField.Word("protection", "token, or token-wrapped where no token has the algorithm: then the key is in this process's memory while it signs", "token", "token", "token-wrapped"),
    StepField.Word("backup", "how its keys may be kept a second time; none: with the token they are gone", "none", "none", "wrapped", "token-files", "cloning-domain"))
{
    public override string Describe(PlannedStep step) => $"make the root CA '{step["name"]}' ({step["subject"]}) with {step["algorithm"]} keys for {step["validity"]}{AuthorityMaking.Keeping(step)}";

    public override Task RunAsync(StepContext context, CancellationToken cancellationToken) => AuthorityMaking.MakeAsync(context, parent: null, constrainTrustDomain: false, cancellationToken);
}

/// <summary>Makes an issuing CA under a CA whose key is in this home.</summary>
internal sealed class IssuingAuthorityStep() : StepKind(
    "issuing-ca",
    "Makes an issuing CA under a root of this home.",
    StepField.AuthorityName("name", "the CA's name in profiles, configuration and URLs", required: false, otherwise: "issuing"),
    StepField.AuthorityName("issuer", "the CA that certifies it", required: false, otherwise: "root"),
    StepField.Subject("subject", "its subject as RFC 4514 writes it"),
    StepField.Keys("algorithm", "the kind of its key or keys", "ecdsa-p256"),
    StepField.Validity("validity", "how long its certificate lasts, or its issuer's end where that comes first", "5y"),
    StepField.Word("constrained", "whether it may certify SPIFFE IDs of this trust domain only", "yes", "yes", "no"),
    StepField.Word("protection", "token, or token-wrapped where no token has the algorithm: then the key is in this process's memory while it signs", "token", "token", "token-wrapped"),
    StepField.Word("backup", "how its keys may be kept a second time; none: with the token they are gone", "none", "none", "wrapped", "token-files", "cloning-domain"))
{
    public override string Describe(PlannedStep step) => $"make the issuing CA '{step["name"]}' ({step["subject"]}) under '{step["issuer"]}' with {step["algorithm"]} keys for {step["validity"]}{AuthorityMaking.Keeping(step)}";

    public override Task RunAsync(StepContext context, CancellationToken cancellationToken) =>
        AuthorityMaking.MakeAsync(context, context.Step["issuer"], context.Step["constrained"] == "yes", cancellationToken);
}

/// <summary>What both have in common.</summary>
internal static class AuthorityMaking
{
    /// <summary>What an officer must hear about how the keys are kept.</summary>
    public static string Keeping(PlannedStep step) => (step.Find("protection") == "token-wrapped" ? "; the key may be wrapped under a token's key and be in memory while it signs" : "") + (step.Find("backup") switch
    {
        null or "none" => "; with the token its keys are gone",
        var backup => $"; its keys may be kept a second time: {backup}",
    });

    public static async Task MakeAsync(StepContext context, string? parent, bool constrainTrustDomain, CancellationToken cancellationToken)
    {
        var wanted = Wanted(context);
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var known = await authority.FindAsync(wanted.Name, cancellationToken);
        var issuer = parent is null ? null : await authority.IssuerAsync(parent, cancellationToken);
        await using var keys = await authority.Keys.OpenOrGenerateAuthorityAsync(
            LabelOf(context, wanted.Name),
            PlaceOf(context, wanted.KeyAlgorithm, known?.Key.Provider),
            wanted.AlternativeKeyAlgorithm is { } second ? PlaceOf(context, second, known?.Alternative?.Key.Provider) : null,
            context.Actor,
            cancellationToken);
        await RecordKeysAsync(context, wanted.Name, keys, cancellationToken);
        if (issuer is not null)
        {
            await RecordChainAsync(context, issuer);
        }

        if (known is not null)
        {
            var there = Certificate.Parse(known.Der);
            if (!there.PublicKey.Equals(keys.Guarded.PublicKey) || !there.Subject.Equals(wanted.Subject))
            {
                throw new CeremonyException($"A CA '{wanted.Name}' is here already ({there.Subject}), and it is not the one of this plan. Choose another name.");
            }

            await RecordAsync(context, wanted.Name, there, "found from a try before");
            return;
        }

        await authority.Keys.RecordFoundAsync(keys, context.Actor);
        var now = context.Time.GetUtcNow();
        var draft = new AuthorityDraft(wanted.Name, wanted.Subject, wanted.EffectiveSignature, Validities.EndOf(context.Step["validity"], now), constrainTrustDomain);
        await RecordAsync(context, wanted.Name, await authority.Maker.MakeAsync(draft, keys, issuer, context.Actor, cancellationToken), "now");
    }

    /// <summary>Where a key of the step's CA is to be, and how it may be kept a second time: both the plan's choice, which officers approved.</summary>
    public static AuthorityKeyPlace PlaceOf(StepContext context, KeyAlgorithm algorithm, string? provider) => new(
        algorithm,
        context.Step.Find("protection") == "token-wrapped" ? KeyPlacement.AllowTokenWrapped : null,
        provider,
        KeyBackupNames.TryParse(context.Step.Find("backup") ?? "none", out var backup) ? backup : KeyBackup.None);

    /// <summary>A CA's key, and its second one if it has two, as their tokens describe them.</summary>
    public static async ValueTask RecordKeysAsync(StepContext context, string name, AuthorityKeys keys, CancellationToken cancellationToken)
    {
        await context.RecordKeyAsync(name, keys.First.Key, keys.First.IsNew, cancellationToken);
        if (keys.Second is { } alternative)
        {
            await context.RecordKeyAsync($"{name} alternative", alternative.Key, alternative.IsNew, cancellationToken);
        }
    }

    /// <summary>The CAs from that one up to its root, so that what it signs can be verified from the evidence alone.</summary>
    public static async ValueTask RecordChainAsync(StepContext context, Issuer issuer)
    {
        for (var i = issuer.Chain.Count - 1; i >= 0; i--)
        {
            await RecordAsync(context, i == 0 ? issuer.Name : $"{issuer.Name}-above-{i}", issuer.Chain[i], "it certifies");
        }
    }

    /// <summary>What a key of a CA is called in a token.</summary>
    public static string LabelOf(StepContext context, string name) => $"{context.Home.KeyPrefix}{name}-ca";

    /// <param name="externalIssuer">Who signed it, where that CA's certificate is not here.</param>
    public static async ValueTask RecordAsync(StepContext context, string name, Certificate certificate, string made, string? externalIssuer = null)
    {
        await context.RecordFileAsync(
            RecordKinds.Certificate, $"{name}.der", certificate.Der,
            ("authority", name),
            ("made", made),
            ("external-issuer", externalIssuer),
            ("subject", certificate.Subject.ToString()),
            ("issuer", certificate.Issuer.ToString()),
            ("serial", Convert.ToHexStringLower(certificate.SerialNumber.Span)),
            ("not-before", Instants.ToText(certificate.NotBefore)),
            ("not-after", Instants.ToText(certificate.NotAfter)),
            ("signature-algorithm", certificate.SignatureAlgorithm.ToString()),
            ("public-key-sha256", Convert.ToHexStringLower(certificate.PublicKey.Fingerprint())));
        context.Room.Tell($"Certificate of '{name}': {certificate.Subject}, until {certificate.NotAfter:yyyy-MM-dd}.");
        context.Room.Tell($"  SHA-256 {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(certificate.Der.Span))}");
    }

    private static CeremonyAuthority Wanted(StepContext context)
    {
        var step = context.Step;
        if (!KeyKind.TryParse(step["algorithm"], out var keys, out var error))
        {
            throw new CeremonyException($"The algorithm of the plan is none: {error}.");
        }

        var wanted = new CeremonyAuthority(step["name"], X500Name.FromRfc4514(step["subject"]), keys.Key, null, TimeSpan.Zero) { AlternativeKeyAlgorithm = keys.Alternative };
        try
        {
            wanted.Validate();
        }
        catch (ArgumentException e)
        {
            throw new CeremonyException(e.Message, e);
        }

        return wanted;
    }
}
