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
        OpenOrGenerateAsync(label, null, algorithms, purpose, placement, provider, KeyBackup.None, actor, cancellationToken);

    /// <summary>The key or keys of a CA; the second's label ends in <c>-alt</c>.</summary>
    /// <inheritdoc cref="OpenOrGenerateAsync(string, IReadOnlyList{KeyAlgorithm}, KeyPurpose, string?, string, CancellationToken)"/>
    public async ValueTask<AuthorityKeys> OpenOrGenerateAuthorityAsync(string label, AuthorityKeyPlace key, AuthorityKeyPlace? alternative, string actor, CancellationToken cancellationToken)
    {
        ValueTask<(ISigningKey Key, bool IsNew)> OneAsync(string name, AuthorityKeyPlace place) =>
            OpenOrGenerateAsync(name, null, [place.Algorithm], KeyPurpose.CertificateAuthority, place.Where ?? placement, place.Provider, place.Backup, actor, cancellationToken);

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
    /// helpers; kept no worse than the CA's key.
    /// </summary>
    /// <inheritdoc cref="OpenOrGenerateAsync(string, IReadOnlyList{KeyAlgorithm}, KeyPurpose, string?, string, CancellationToken)"/>
    public ValueTask<(ISigningKey Key, bool IsNew)> OpenOrGenerateForAsync(
        Issuer issuer, string suffix, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, string actor, CancellationToken cancellationToken)
    {
        var own = issuer.Certificate.PublicKey.Algorithm;
        return OpenOrGenerateAsync(
            $"{issuer.Record.Key.Label}-{suffix}", algorithms.Contains(own) ? own : null, algorithms, purpose, placement.DownTo(issuer.Protection), issuer.Record.Key.Provider, KeyBackup.None, actor, cancellationToken);
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
        string label, KeyAlgorithm? preferred, IReadOnlyList<KeyAlgorithm> algorithms, KeyPurpose purpose, KeyPlacement where, string? provider, KeyBackup backup, string actor, CancellationToken cancellationToken)
    {
        if (await KeySearch.FindAsync(providers, label, provider, cancellationToken) is { } found)
        {
            if (found.Purpose == purpose && algorithms.Contains(found.Algorithm))
            {
                return (found, false);
            }

            var (kind, foundPurpose, foundAt) = (found.Algorithm, found.Purpose, found.Reference.Provider);
            await found.DisposeAsync();
            throw new InvalidOperationException($"Key '{label}' of provider '{foundAt}' is there already, a {kind} key for {foundPurpose}; wanted: {string.Join(" or ", algorithms)} for {purpose}. Choose another key prefix or the same algorithm.");
        }

        var (maker, algorithm) = (preferred is null ? null : where.Find(providers, [preferred])) ?? where.Find(providers, algorithms) ?? throw new KeyUnavailableException(where.Explain(providers, algorithms), TimeSpan.FromMinutes(10));
        var key = await maker.GenerateAsync(new KeySpec(label, algorithm, purpose, backup), cancellationToken);
        await RecordAsync(key, actor);
        return (key, true);
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
