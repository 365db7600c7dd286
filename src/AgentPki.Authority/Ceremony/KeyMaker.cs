using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// Makes the appliance's own keys where they will live, each with its ledger entry. A key that is there already under its name is taken:
/// a run that was cut off after the token made the key and before the ledger heard of it continues with that key.
/// </summary>
internal sealed class KeyMaker(CryptoProviders providers, CommitWriter commits, TimeProvider time)
{
    /// <param name="algorithms">In order of preference; the provider takes the first it can.</param>
    /// <returns>The key, and whether it was made now.</returns>
    /// <exception cref="KeyUnavailableException">The provider is not there, cannot work now, or can none of the algorithms.</exception>
    /// <exception cref="InvalidOperationException">A key of that name is there and is of another kind or purpose.</exception>
    public async ValueTask<(ISigningKey Key, bool IsNew)> OpenOrGenerateAsync(KeyReference reference, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, string actor, CancellationToken cancellationToken)
    {
        var provider = providers.Find(reference.Provider) ?? throw new KeyUnavailableException($"No crypto provider is named '{reference.Provider}'.", TimeSpan.FromMinutes(1));
        if (await provider.OpenAsync(reference.Label, cancellationToken) is { } found)
        {
            if (found.Purpose == purpose && algorithms.Contains(found.Algorithm))
            {
                return (found, false);
            }

            var (kind, foundPurpose) = (found.Algorithm, found.Purpose);
            await found.DisposeAsync();
            throw new InvalidOperationException($"Key '{reference.Label}' of provider '{reference.Provider}' is there already, a {kind} key for {foundPurpose}; wanted: {string.Join(" or ", algorithms)} for {purpose}. Choose another key prefix or the same algorithm.");
        }

        var algorithm = algorithms.FirstOrDefault(a => provider.CapabilitiesFor(a).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign))
            ?? throw new KeyUnavailableException($"Provider '{provider.Name}' makes none of {string.Join(", ", algorithms)} keys.", TimeSpan.FromMinutes(10));
        var key = await provider.GenerateAsync(new KeySpec(reference.Label, algorithm, purpose), cancellationToken);
        await RecordAsync(key, actor);
        return (key, true);
    }

    /// <summary>
    /// Records a key that was found and that nothing in the store speaks of yet: an earlier run ended between the key and its entry, or its entry
    /// and its certificate. The entry says that the key was found.
    /// </summary>
    public ValueTask RecordFoundAsync(ISigningKey key, string actor) => RecordAsync(key, actor, "found");

    private async ValueTask RecordAsync(ISigningKey key, string actor, string state = "generated")
    {
        var entry = new LedgerEntry(LedgerEntryKind.KeyGenerated, time.GetUtcNow(), actor, AuditDetails.Of(
            (AuditDetails.KeyLabel, $"{key.Reference.Provider}/{key.Reference.Label}"),
            (AuditDetails.KeyAlgorithm, key.Algorithm.Name),
            (AuditDetails.State, state),
            (AuditDetails.KeyPurpose, key.Purpose.ToString()),
            (AuditDetails.KeyProtection, key.Protection.ToString()),
            (AuditDetails.KeySha256, AuditDetails.Hex(key.PublicKey.Fingerprint()))));
        await commits.CommitAsync(new CommitRequest(entry, []), CancellationToken.None);
    }
}
