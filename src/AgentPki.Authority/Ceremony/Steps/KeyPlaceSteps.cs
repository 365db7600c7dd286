using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Has every CA key sign a sentence and records what its token says of it: before and after a token's firmware is changed, it was moved, or was away.</summary>
internal sealed class CheckKeysStep() : StepKind(
    "check-keys",
    "Has every CA key here prove itself by a signature, and records its attributes anew.")
{
    public override string Describe(PlannedStep step) => "have every CA key prove itself by a signature, and record what the tokens say of them";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var providers = context.Open.Environment.Providers;
        foreach (var authority in (await context.Open.Environment.Stores.Authorities.ListAsync(cancellationToken)).Where(a => !a.Key.IsElsewhere))
        {
            var certificate = Certificate.Parse(authority.Der);
            await ProveAsync(context, authority.Name, authority.Key, authority.Signature, certificate.PublicKey, providers, cancellationToken);
            if (authority.Alternative is { } second && certificate.AlternativePublicKey is { } publicKey)
            {
                await ProveAsync(context, $"{authority.Name} alternative", second.Key, second.Signature, publicKey, providers, cancellationToken);
            }
        }
    }

    internal static async Task ProveAsync(
        StepContext context, string owner, KeyReference reference, SignatureAlgorithm signature, PublicKey expected, CryptoProviders providers, CancellationToken cancellationToken)
    {
        var provider = providers.Find(reference.Provider) ?? throw new CeremonyException($"No token here is called '{reference.Provider}', which is to have the key of '{owner}'.");
        await using var key = await provider.OpenAsync(reference.Label, cancellationToken) ?? throw new CeremonyException($"'{reference.Provider}' has no key '{reference.Label}', which is to be that of '{owner}'.");
        if (!key.PublicKey.Equals(expected) || (await KeyProbe.RunAsync(key, signature, expected, providers, cancellationToken)).Any(p => !p.Verifies))
        {
            throw new CeremonyException($"The key '{reference.Label}' is not the one that the certificate of '{owner}' names.");
        }

        await context.RecordKeyAsync(owner, key, isNew: false, cancellationToken);
        await context.RecordAsync(RecordKinds.KeyProven, ("owner", owner), ("public-key-sha256", Convert.ToHexStringLower(expected.Fingerprint())));
    }
}

/// <summary>Lets a CA use its key in another token, where a ceremony has put the same key: another maker's token, or a spare one.</summary>
internal sealed class MoveAuthorityStep() : StepKind(
    "move-ca",
    "Lets a CA use its key in another token of this home, which has the same key (steps transport-key, key-backup, key-restore).",
    StepField.AuthorityName("authority", "the CA", required: true),
    StepField.Text("token", "the token that it is to use from now on", required: true))
{
    public override string Describe(PlannedStep step) => $"let CA '{step["authority"]}' use its key in token '{step["token"]}' from now on";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (name, provider) = (context.Step["authority"], $"pkcs11:{context.Step["token"]}");
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var record = await authority.FindAsync(name, cancellationToken) ?? throw new CeremonyException($"There is no CA '{name}' here.");
        if (record.Key.IsElsewhere)
        {
            throw new CeremonyException($"The key of '{name}' is not in this appliance.");
        }

        var certificate = Certificate.Parse(record.Der);
        var (to, second) = (record.Key with { Provider = provider }, record.Alternative is { } alternative ? alternative.Key with { Provider = provider } : null);
        await CheckKeysStep.ProveAsync(context, name, to, record.Signature, certificate.PublicKey, context.Open.Environment.Providers, cancellationToken);
        if (second is not null && record.Alternative is not null && certificate.AlternativePublicKey is { } publicKey)
        {
            await CheckKeysStep.ProveAsync(context, $"{name} alternative", second, record.Alternative.Signature, publicKey, context.Open.Environment.Providers, cancellationToken);
        }

        if (record.Key != to)
        {
            await authority.CommitAsync(
                new LedgerEntry(LedgerEntryKind.AuthorityKeyMoved, context.Time.GetUtcNow(), context.Actor, AuditDetails.Of(
                    (AuditDetails.Authority, name),
                    (AuditDetails.From, $"{record.Key.Provider}/{record.Key.Label}"),
                    (AuditDetails.To, $"{to.Provider}/{to.Label}"),
                    (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())))),
                new StoreChange.MoveAuthorityKey(name, to, second));
        }

        context.Room.Tell($"CA '{name}' uses its key in token '{context.Step["token"]}' from now on. The other token still has it: key-destroy ends that.");
    }
}
