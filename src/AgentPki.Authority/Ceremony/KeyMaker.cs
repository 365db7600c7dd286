using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// Makes the appliance's own keys where they will live (<see cref="KeyPlacement"/>), each with its ledger entry. A key that is there already under its
/// name is taken: a run that was cut off after the token made the key and before the ledger heard of it continues with that key.
/// </summary>
internal sealed class KeyMaker(CryptoProviders providers, KeyPlacement placement, CommitWriter commits, TimeProvider time)
{
    /// <summary>A key of the appliance that is no CA's helper.</summary>
    /// <param name="algorithms">In order of preference; the first that can be had is taken.</param>
    /// <param name="provider">Where the key is known to be; null: looked for everywhere.</param>
    /// <returns>The key, and whether it was made now.</returns>
    /// <exception cref="KeyUnavailableException">A provider cannot work now, or none can any of the algorithms.</exception>
    /// <exception cref="InvalidOperationException">A key of that name is there and is of another kind or purpose.</exception>
    public ValueTask<(ISigningKey Key, bool IsNew)> OpenOrGenerateAsync(
        string label, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, string? provider, string actor, CancellationToken cancellationToken) =>
        OpenOrGenerateAsync(label, algorithms, purpose, placement, provider, KeyBackup.None, actor, cancellationToken);

    /// <summary>The key or keys of a CA; the second's label ends in <c>-alt</c>.</summary>
    /// <inheritdoc cref="OpenOrGenerateAsync(string, IReadOnlyList{KeyAlgorithm}, KeyPurpose, string?, string, CancellationToken)"/>
    public async ValueTask<AuthorityKeys> OpenOrGenerateAuthorityAsync(string label, AuthorityKeyPlace key, AuthorityKeyPlace? alternative, string actor, CancellationToken cancellationToken)
    {
        ValueTask<(ISigningKey Key, bool IsNew)> OneAsync(string name, AuthorityKeyPlace place) =>
            OpenOrGenerateAsync(name, [place.Algorithm], KeyPurpose.CertificateAuthority, place.Where ?? placement, place.Provider, place.Backup, actor, cancellationToken);

        var first = await OneAsync(label, key);
        try
        {
            return new AuthorityKeys(providers, first, alternative is null ? null : await OneAsync($"{label}-alt", alternative));
        }
        catch
        {
            await first.Key.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The key of one who signs on behalf of a CA: of the CA's own kind where its profile takes that, so that whoever can verify the CA can verify its
    /// helpers; kept no worse than the CA's key. While the token that would have it is away, one in another token will do: it gets a certificate of its own.
    /// </summary>
    /// <inheritdoc cref="OpenOrGenerateAsync(string, IReadOnlyList{KeyAlgorithm}, KeyPurpose, string?, string, CancellationToken)"/>
    public async ValueTask<(ISigningKey Key, bool IsNew)> OpenOrGenerateForAsync(
        Issuer issuer, string suffix, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, string actor, CancellationToken cancellationToken)
    {
        var label = $"{issuer.Record.Key.Label}-{suffix}";
        var (found, away) = await KeySearch.FindWhereThereIsAsync(providers, label, issuer.Record.Key.Provider, cancellationToken);
        if (found is not null)
        {
            return (await RequireFitAsync(found, label, algorithms, purpose), false);
        }

        var (own, where) = (issuer.Certificate.PublicKey.Algorithm, placement.DownTo(issuer.Protection));
        var places = where.FindAll(providers, [.. algorithms.Where(a => a == own)]).Concat(where.FindAll(providers, algorithms));
        // Not where it may be and could not be looked for.
        return places.FirstOrDefault(p => !away.ContainsKey(p.Provider.Name)) is { Provider: { } maker, Algorithm: var algorithm }
            ? (await GenerateAsync(maker, new KeySpec(label, algorithm, purpose), actor, cancellationToken), true)
            : throw away.Values.FirstOrDefault() ?? new KeyUnavailableException(where.Explain(providers, algorithms), TimeSpan.FromMinutes(10));
    }

    /// <summary>
    /// Records a key that was found and that nothing in the store speaks of yet: an earlier run ended between the key and its entry, or its entry
    /// and its certificate. The entry says that the key was found.
    /// </summary>
    public ValueTask RecordFoundAsync(ISigningKey key, string actor) => RecordAsync(key, actor, "found");

    /// <summary>The same of a CA's key or keys, as far as they were found.</summary>
    public async ValueTask RecordFoundAsync(AuthorityKeys keys, string actor)
    {
        if (!keys.First.IsNew)
        {
            await RecordFoundAsync(keys.First.Key, actor);
        }

        if (keys.Second is { IsNew: false, Key: var second })
        {
            await RecordFoundAsync(second, actor);
        }
    }

    private async ValueTask<(ISigningKey Key, bool IsNew)> OpenOrGenerateAsync(
        string label, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, KeyPlacement where, string? provider, KeyBackup backup, string actor, CancellationToken cancellationToken)
    {
        if (await KeySearch.FindAsync(providers, label, provider, cancellationToken) is { } found)
        {
            return (await RequireFitAsync(found, label, algorithms, purpose), false);
        }

        var (maker, algorithm) = where.Find(providers, algorithms) ?? throw new KeyUnavailableException(where.Explain(providers, algorithms), TimeSpan.FromMinutes(10));
        return (await GenerateAsync(maker, new KeySpec(label, algorithm, purpose, backup), actor, cancellationToken), true);
    }

    private async ValueTask<ISigningKey> GenerateAsync(ICryptoProvider maker, KeySpec spec, string actor, CancellationToken cancellationToken)
    {
        var key = await maker.GenerateAsync(spec, cancellationToken);
        await RecordAsync(key, actor);
        return key;
    }

    private static async ValueTask<ISigningKey> RequireFitAsync(ISigningKey found, string label, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose)
    {
        if (found.Purpose == purpose && algorithms.Contains(found.Algorithm))
        {
            return found;
        }

        var (kind, foundPurpose, foundAt) = (found.Algorithm, found.Purpose, found.Reference.Provider);
        await found.DisposeAsync();
        throw new InvalidOperationException($"Key '{label}' of provider '{foundAt}' is there already, a {kind} key for {foundPurpose}; wanted: {string.Join(" or ", algorithms)} for {purpose}. Choose another key prefix or the same algorithm.");
    }

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
