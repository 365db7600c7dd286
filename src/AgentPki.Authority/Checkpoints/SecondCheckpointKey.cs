using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;

namespace AgentPki.Authority.Checkpoints;

/// <summary>
/// The ML-DSA-44 key that signs checkpoints beside the first one: in a token that has the algorithm, or wrapped under a token's key. It stands beside a key that the token keeps,
/// and vouches for no certificate: no leave is needed for wrapping it. Where nothing keeps one, there is none, and checkpoints have the first signature alone.
/// </summary>
internal static class SecondCheckpointKey
{
    /// <summary>The key and whether it was made now; null where no token makes or wraps one.</summary>
    /// <exception cref="KeyUnavailableException">A provider that might have it cannot work now.</exception>
    public static async ValueTask<(ISigningKey Key, bool IsNew)?> OpenOrMakeAsync(CryptoProviders providers, CommitWriter commits, TimeProvider time, string keyPrefix, string actor, CancellationToken cancellationToken)
    {
        if (KeyPlacement.AllowTokenWrapped.Find(providers, [KeyAlgorithm.MlDsa44]) is null)
        {
            return null;
        }

        var made = await new KeyMaker(providers, KeyPlacement.AllowTokenWrapped, commits, time)
            .OpenOrGenerateAsync(CeremonyOptions.SecondCheckpointLabel(keyPrefix), [KeyAlgorithm.MlDsa44], KeyPurpose.LedgerCheckpoint, null, actor, cancellationToken);
        _ = new CheckpointCosigner(made.Key);
        return made;
    }
}
