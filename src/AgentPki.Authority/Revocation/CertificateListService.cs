using System.Collections.Concurrent;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// The CRLs of every CA: a complete one for each shard, and its delta where the CA makes them. A revocation makes those of its shard incomplete at once: the next reader, or
/// the appliance's timer, has new ones signed. So does the timer when half of their validity has passed. Numbers rise for ever: it is the store that refuses one that does not.
/// </summary>
public sealed class CertificateListService : IDisposable
{
    private readonly IssuerDirectory _issuers;
    private readonly ICertificateListStore _lists;
    private readonly CertificateListFolder _folder;
    private readonly CertificateListMaker _maker;
    private readonly RevocationClock _revocations;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<(string Authority, int Shard), CertificateListSequence> _sequences = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<int>> _shards = new(StringComparer.Ordinal);

    internal CertificateListService(
        IssuerDirectory issuers, ICertificateListStore lists, CertificateListFolder folder, CertificateListMaker maker, RevocationClock revocations, TimeProvider time, ILogger<CertificateListService> logger) =>
        (_issuers, _lists, _folder, _maker, _revocations, _time, _logger) = (issuers, lists, folder, maker, revocations, time, logger);

    /// <summary>The complete CRL of a CA without shards: it contains every revocation that was committed before the call. Null: there is no such CA.</summary>
    /// <inheritdoc cref="CurrentAsync(CertificateListScope, CancellationToken)"/>
    public ValueTask<PublishedList?> CurrentAsync(string authority, CancellationToken cancellationToken) => CurrentAsync(new CertificateListScope(authority), cancellationToken);

    /// <summary>The CRL of that scope as of now: it contains every revocation that was committed before the call. Null: there is no such CA or shard, or it makes no deltas.</summary>
    /// <param name="cancellationToken">Ends the wait; a list that is in the making is made.</param>
    /// <exception cref="KeyUnavailableException">A new one is needed and the token cannot sign: an old one would say good of what is revoked.</exception>
    /// <exception cref="StoreUnavailableException">A new one is needed and the store cannot be read or written.</exception>
    public async ValueTask<PublishedList?> CurrentAsync(CertificateListScope scope, CancellationToken cancellationToken)
    {
        if (await SequenceOfAsync(scope, cancellationToken) is not { } sequence)
        {
            return null;
        }

        // After a restart the last one is on disk, as good as ever if nothing was revoked since.
        var current = sequence[scope.IsDelta] ??= await LoadAsync(sequence, scope.IsDelta, cancellationToken);
        if (sequence.Issuer.IsElsewhere)
        {
            return current is not null && IsOf(current, _time.GetUtcNow())
                ? current
                : throw new KeyUnavailableException($"CA '{scope.Authority}' is not in this appliance, and {(current is null ? "no CRL of it was installed" : "its CRL has ended")}: a ceremony where it is signs one ('root-crl'), and one here installs it ('install-crl').", TimeSpan.FromHours(1));
        }

        return current is not null && IsOf(current, _time.GetUtcNow()) && await IsCompleteAsync(sequence, current, cancellationToken)
            ? current
            : await RenewAsync(sequence, scope.IsDelta, cancellationToken);
    }

    /// <summary>Signs every CRL of that CA anew, whether or not one is due; the first shard's is returned. Null: there is no such CA.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<PublishedList?> RegenerateAsync(string authority, CancellationToken cancellationToken)
    {
        if (_issuers.Find(authority) is not { IsElsewhere: false } issuer)
        {
            return null;
        }

        PublishedList? first = null;
        foreach (var sequence in await SequencesOfAsync(issuer, cancellationToken))
        {
            await sequence.Making.WaitAsync(cancellationToken);
            try
            {
                var made = sequence[isDelta: false] = await _maker.MakeCompleteAsync(issuer, sequence.Shard);
                first ??= made;
            }
            finally
            {
                sequence.Making.Release();
            }
        }

        return first;
    }

    /// <summary>Signs anew what has passed half of its validity or lacks a revocation: called by the appliance's timer.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var issuer in _issuers.All.Where(i => !i.IsElsewhere))
        {
            try
            {
                foreach (var sequence in await SequencesOfAsync(issuer, cancellationToken))
                {
                    await RefreshAsync(sequence, isDelta: false, cancellationToken);
                    if (_maker.SettingsOf(issuer).DeltaValidity is not null)
                    {
                        await RefreshAsync(sequence, isDelta: true, cancellationToken);
                    }
                }
            }
            catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException or SignatureRejectedException)
            {
                Log.ListNotRenewed(_logger, issuer.Name, failure);
            }
        }
    }

    public void Dispose()
    {
        foreach (var sequence in _sequences.Values)
        {
            sequence.Dispose();
        }

        _maker.Dispose();
        _folder.Dispose();
    }

    private async ValueTask RefreshAsync(CertificateListSequence sequence, bool isDelta, CancellationToken cancellationToken)
    {
        var current = sequence[isDelta] ??= await LoadAsync(sequence, isDelta, cancellationToken);
        if (current is null || !IsFresh(current, _time.GetUtcNow()) || !await IsCompleteAsync(sequence, current, cancellationToken))
        {
            await RenewAsync(sequence, isDelta, cancellationToken);
        }
    }

    private async ValueTask<CertificateListSequence?> SequenceOfAsync(CertificateListScope scope, CancellationToken cancellationToken)
    {
        if (_issuers.Find(scope.Authority) is not { } issuer
            || (scope.IsDelta && _maker.SettingsOf(issuer).DeltaValidity is null)
            || (scope.Shard != 0 && !(await ShardsOfAsync(issuer, cancellationToken)).Contains(scope.Shard)))
        {
            return null;
        }

        return SequenceOf(issuer, scope.Shard);
    }

    private async ValueTask<List<CertificateListSequence>> SequencesOfAsync(Issuer issuer, CancellationToken cancellationToken) =>
        [.. (await ShardsOfAsync(issuer, cancellationToken)).Select(shard => SequenceOf(issuer, shard))];

    private CertificateListSequence SequenceOf(Issuer issuer, int shard) => _sequences.GetOrAdd((issuer.Name, shard), static (key, i) => new CertificateListSequence(i, key.Shard), issuer);

    // What is configured now, and what was before: a certificate keeps its shard. While the appliance runs no other comes.
    private async ValueTask<IReadOnlyList<int>> ShardsOfAsync(Issuer issuer, CancellationToken cancellationToken)
    {
        if (_shards.TryGetValue(issuer.Name, out var known))
        {
            return known;
        }

        var configured = _maker.SettingsOf(issuer).Shards is var count and > 1 ? Enumerable.Range(1, count) : [];
        return _shards[issuer.Name] = [.. configured.Append(0).Union(await _lists.ListShardsAsync(issuer.Name, cancellationToken)).Order()];
    }

    private async ValueTask<PublishedList?> LoadAsync(CertificateListSequence sequence, bool isDelta, CancellationToken cancellationToken) =>
        await _lists.LatestAsync(sequence.Issuer.Name, sequence.Shard, isDelta, cancellationToken) is { } latest ? _folder.Open(latest) : null;

    // Mostly a comparison of two numbers. When something of the CA has changed, the store is asked once whether it was in this shard.
    private async ValueTask<bool> IsCompleteAsync(CertificateListSequence sequence, PublishedList list, CancellationToken cancellationToken)
    {
        var epoch = _revocations.EpochOf(sequence.Issuer.Name);
        if (list.CompleteTo >= epoch)
        {
            return true;
        }

        if (await _lists.HasChangedAsync(sequence.Issuer.Name, sequence.Shard, list.CompleteTo, cancellationToken))
        {
            return false;
        }

        list.CompleteTo = epoch;
        return true;
    }

    // One that was signed while the clock was ahead is of no use until that time comes, and nobody may take it for the truth of then.
    private static bool IsOf(PublishedList list, DateTimeOffset now) => list.Record.ThisUpdate <= now && now < list.Record.NextUpdate;

    private static bool IsFresh(PublishedList list, DateTimeOffset now) => list.Record.ThisUpdate <= now && now < list.Record.ThisUpdate + ((list.Record.NextUpdate - list.Record.ThisUpdate) / 2);

    private async ValueTask<PublishedList> RenewAsync(CertificateListSequence sequence, bool isDelta, CancellationToken cancellationToken)
    {
        await sequence.Making.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited here finds what the one before him signed, or the one of the last run.
            var latest = await LoadAsync(sequence, isDelta, cancellationToken);
            if (latest is not null && IsFresh(latest, _time.GetUtcNow()) && await IsCompleteAsync(sequence, latest, cancellationToken))
            {
                return sequence[isDelta] = latest;
            }

            if (!isDelta)
            {
                return sequence[false] = await _maker.MakeCompleteAsync(sequence.Issuer, sequence.Shard);
            }

            var validity = _maker.SettingsOf(sequence.Issuer).DeltaValidity ?? throw new InvalidOperationException("This CA makes no delta CRLs.");
            var delta = await _maker.MakeDeltaAsync(sequence.Issuer, sequence.Shard, validity);
            if (delta is null)
            {
                sequence[false] = await _maker.MakeCompleteAsync(sequence.Issuer, sequence.Shard);
                delta = await _maker.MakeDeltaAsync(sequence.Issuer, sequence.Shard, validity);
            }

            return sequence[true] = delta ?? throw new StoreUnavailableException($"The CRL of '{sequence.Issuer.Name}' to which a delta belongs has ended already: look at the clock.");
        }
        finally
        {
            sequence.Making.Release();
        }
    }
}
