using AgentPki.Authority.Ceremony.Scripts;
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
    }
}
