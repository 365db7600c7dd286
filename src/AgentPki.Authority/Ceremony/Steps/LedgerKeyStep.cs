using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Checkpoints;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Makes the key that signs the ledger's checkpoints.</summary>
internal sealed class LedgerKeyStep() : StepKind(
    "ledger-key",
    "Makes the key that signs the ledger's checkpoints.")
{
    public override string Describe(PlannedStep step) => "make the key that signs the ledger's checkpoints";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        // Ed25519 is what C2SP checkpoints want; ECDSA where the token lacks it.
        var (key, isNew) = await authority.Keys.OpenOrGenerateAsync(
            CeremonyOptions.CheckpointLabel(context.Home.KeyPrefix), [KeyAlgorithm.Ed25519, KeyAlgorithm.EcdsaP256], KeyPurpose.LedgerCheckpoint, null, context.Actor, cancellationToken);
        await using (key)
        {
            await context.RecordKeyAsync("checkpoint", key, isNew, cancellationToken);
        }

        // ML-DSA beside it, where a token makes or wraps such a key (ADR 0015).
        if (await SecondCheckpointKey.OpenOrMakeAsync(context.Open.Environment.Providers, authority.Commits, context.Time, context.Home.KeyPrefix, context.Actor, cancellationToken) is var (second, secondIsNew))
        {
            await using (second)
            {
                await context.RecordKeyAsync("checkpoint ml-dsa", second, secondIsNew, cancellationToken);
            }
        }
    }
}
