using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Ledger;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Destroys a key in its token. The script names it by its label and by its public key, so that no other key goes by mistake.</summary>
internal sealed class DestroyKeyStep() : StepKind(
    "key-destroy",
    "Destroys a key in its token, for good.",
    StepField.Text("label", "the key's label, as 'agentpki doctor' and the evidence show it", required: true),
    new StepField("public-key-sha256", "the SHA-256 of its public key (SubjectPublicKeyInfo), hexadecimal", true, text => text.Length == 64 && text.All(char.IsAsciiHexDigitLower) ? null : "64 lower-case hexadecimal digits are wanted"),
    StepField.Text("token", "the token, where two have the key; otherwise the first that has it"),
    StepField.Word("still-used", "must be yes for the key of a CA that can still be needed: it has issued what has not ended", "no", "no", "yes"))
{
    public override string Describe(PlannedStep step) => $"DESTROY the key '{step["label"]}' (public key SHA-256 {step["public-key-sha256"][..16]}…){(step.Find("token") is { } token ? $" in token '{token}'" : "")} for good";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var (label, digest) = (step["label"], step["public-key-sha256"]);
        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        await using (var key = await FindAsync(context, label, cancellationToken))
        {
            if (key is null && !Recorded(context).Any(r => r["label"] == label && r["public-key-sha256"] == digest))
            {
                throw new CeremonyException($"No token here has a key '{label}'.");
            }

            if (key is not null)
            {
                if (Convert.ToHexStringLower(key.PublicKey.Fingerprint()) != digest)
                {
                    throw new CeremonyException($"The key '{label}' has the public key {Convert.ToHexStringLower(key.PublicKey.Fingerprint())}, and not the one of the plan. Nothing was destroyed.");
                }

                await CheckUseAsync(context, authority, key.Reference, cancellationToken);
                await context.RecordKeyAsync(label, key, isNew: false, cancellationToken);
            }
        }

        // One half after the other of a composite: a try that was cut off between them goes on here.
        foreach (var record in Recorded(context))
        {
            await DestroyAsync(context, record, cancellationToken);
        }

        await authority.CommitAsync(new LedgerEntry(LedgerEntryKind.KeyDestroyed, context.Time.GetUtcNow(), context.Actor, AuditDetails.Of((AuditDetails.KeyLabel, label), (AuditDetails.KeySha256, digest))));
        await context.RecordAsync(RecordKinds.KeyDestroyed, ("label", label), ("public-key-sha256", digest));
        context.Room.Tell($"The key '{label}' is destroyed. Copies of it, if any was made, are not: the evidence of its ceremony says whether one can be.");
    }

    private static IReadOnlyList<TranscriptRecord> Recorded(StepContext context) =>
        [.. context.Transcript.Records.Where(r => r.Kind == RecordKinds.Key && r["step"] == context.Step.Number.ToString(CultureInfo.InvariantCulture))];

    private static async Task DestroyAsync(StepContext context, TranscriptRecord record, CancellationToken cancellationToken)
    {
        if (record["provider"] is not { } name || name == CompositeProvider.ProviderName || record["label"] is not { } label || context.Open.Environment.Providers.Find(name) is not { } provider)
        {
            return;
        }

        await using var key = await provider.OpenAsync(label, cancellationToken);
        if (key is not null && Convert.ToHexStringLower(key.PublicKey.Fingerprint()) == record["public-key-sha256"])
        {
            await context.Home.DestroyKeyAsync(context.Open, key.Reference, key.PublicKey, cancellationToken);
        }
    }

    private static ValueTask<ISigningKey?> FindAsync(StepContext context, string label, CancellationToken cancellationToken)
    {
        var providers = context.Open.Environment.Providers;
        return context.Step.Find("token") is not { } token ? KeySearch.FindAsync(providers, label, null, cancellationToken)
            : providers.Find($"pkcs11:{token}") is { } named ? named.OpenAsync(label, cancellationToken)
            : throw new CeremonyException($"There is no token '{token}' here.");
    }

    /// <summary>A copy in a token that the CA does not use may go: the CA signs on.</summary>
    private static async Task CheckUseAsync(StepContext context, OfflineAuthority authority, KeyReference key, CancellationToken cancellationToken)
    {
        var user = (await authority.IssuersAsync(cancellationToken)).All.FirstOrDefault(i => i.Record.Key == key || i.Record.Alternative?.Key == key);
        if (user is not null && user.Certificate.IsValidAt(context.Time.GetUtcNow()) && context.Step["still-used"] != "yes")
        {
            throw new CeremonyException($"It is the key of CA '{user.Name}', whose certificate is valid: its CRLs could never be signed again. Revoke the CA or let it end first, or say 'still-used: yes' in the script.");
        }
    }
}
