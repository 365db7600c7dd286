using System.Collections.Concurrent;
using AgentPki.Client.Revocation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Guard.Lists;

/// <summary>
/// Keeps CRL files fresh: fetched again when the feed tells of a revocation, and each minute; a list is written only when it is signed by a CA of the file given, current, and not older than
/// the one that is there. Whoever reads the files is told by the operator's command, which is run again until it ends with 0: after a crash too, for nobody knows how far the last run came.
/// </summary>
internal sealed class ListKeeper : IDisposable
{
    private const int MostOctets = 256 << 20;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly GuardOptions _options;
    private readonly ListFolderOptions _lists;
    private readonly CryptoProviders _providers;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ListFolder _folder;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly ConcurrentDictionary<Uri, Kept> _current = new();
    private long _lastEvent; // when the last revocation was, in milliseconds
    private volatile string? _problem = "the CRLs were not fetched yet";
    private volatile string? _publishProblem = "whoever reads the CRLs was not told of them yet";
    private bool _due = true; // all.pem is to be written and the command to be run

    public ListKeeper(GuardOptions options, ListFolderOptions lists, RevocationFollower follower, CryptoProviders providers, TimeProvider clock, ILogger logger, HttpMessageHandler? handler = null)
    {
        (_options, _lists, _providers, _clock, _logger) = (options, lists, providers, clock, logger);
        _folder = new ListFolder(lists.Folder);
        _http = new HttpClient(handler ?? new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MostOctets };
        foreach (var url in lists.Urls)
        {
            // One that lapsed is older than what comes; one that nobody of --ca signed is not ours, and says nothing about what is older.
            if (_folder.TryRead(ListFolder.NameOf(url)) is { Fields.BaseNumber.IsEmpty: true } left && Issuers.FirstOrDefault(i => left.Issuer.Equals(i.Subject) && left.VerifySignature(i.PublicKey, providers)) is { } issuer)
            {
                _current[url] = new Kept(left, issuer);
            }
        }

        follower.Taken += (_, taken) =>
        {
            if (taken.Statement is RevocationEventStatement happened)
            {
                Interlocked.Exchange(ref _lastEvent, happened.Time.ToUnixTimeMilliseconds());
            }

            if (taken.Statement is not HeartbeatStatement)
            {
                _wanted.Release();
            }
        };
    }

    /// <summary>Why not every list is fresh, or whoever reads them does not know, as a clause; null: all are, and they do.</summary>
    public string? Problem => _problem ?? _publishProblem
        ?? (_lists.Urls.FirstOrDefault(u => !_current.TryGetValue(u, out var kept) || kept.List.NextUpdate <= _clock.GetUtcNow()) is { } lapsed ? $"{lapsed} has lapsed" : null);

    private IEnumerable<Certificate> Issuers => _options.Anchors.Concat(_options.Intermediates);

    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await RefreshAsync(cancellationToken);
            }
#pragma warning disable CA1031 // A full disk, a folder that is gone: whatever it is, it may be over at the next look, and must not end the looking.
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Say(failure.Message.TrimEnd('.'));
            }

            await _wanted.WaitAsync((_problem is null && _publishProblem is null) || _lists.Every < RetryAfter ? _lists.Every : RetryAfter, cancellationToken);
            while (await _wanted.WaitAsync(0, cancellationToken))
            {
                // Several events are one look.
            }
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _wanted.Dispose();
    }

    /// <summary>Fetches until what the last event revoked must be in, or nothing better comes.</summary>
    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var start = _clock.GetTimestamp();
        var happened = Interlocked.Read(ref _lastEvent);
        for (var wait = FirstRetry; ; wait = wait * 2 < LastRetry ? wait * 2 : LastRetry)
        {
            var changed = await FetchAllAsync(cancellationToken);
            _due |= changed;
            if (_due && !_current.IsEmpty && (changed || wait == FirstRetry))
            {
                await PublishAsync(cancellationToken);
            }

            // thisUpdate has whole seconds.
            var said = _current.Values.Any(k => k.List.ThisUpdate.ToUnixTimeMilliseconds() + 999 >= happened);
            if ((_problem is null && (changed || said)) || _clock.GetElapsedTime(start) > Patience)
            {
                return;
            }

            await Task.Delay(wait, _clock, cancellationToken);
        }
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        if (WriteAll() is { } unwritten)
        {
            _publishProblem = unwritten;
            return;
        }

        var problem = await ChangeHook.RunAsync(_lists, cancellationToken) is { } failed ? $"the --on-change command failed: {failed}" : null;
        if (problem is not null && problem != _publishProblem)
        {
            Log.HookFailed(_logger, problem);
        }

        (_publishProblem, _due) = (problem, problem is not null);
    }

    private string? WriteAll()
    {
        try
        {
            _folder.WriteAll(_lists.Urls.Where(_current.ContainsKey).Select(u => _current[u].List));
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var problem = $"the file of all CRLs cannot be written ({error.Message.TrimEnd('.')})";
            if (problem != _publishProblem)
            {
                Log.ListFailed(_logger, problem);
            }

            return problem;
        }
    }

    private void Say(string? problem)
    {
        if (problem is not null && problem != _problem)
        {
            Log.ListFailed(_logger, problem);
        }

        _problem = problem;
    }

    private async Task<bool> FetchAllAsync(CancellationToken cancellationToken)
    {
        var changed = false;
        string? problem = null;
        foreach (var url in _lists.Urls)
        {
            try
            {
                changed |= Take(url, await _http.GetByteArrayAsync(url, cancellationToken));
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or UnauthorizedAccessException or ListRefusedException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                problem = failure is ListRefusedException ? failure.Message : $"{url} cannot be fetched or written ({failure.Message.TrimEnd('.')})";
            }
        }

        Say(problem);
        return changed;
    }

    private bool Take(Uri url, byte[] der)
    {
        var old = _current.GetValueOrDefault(url);
        if (old is not null && old.List.Der.Span.SequenceEqual(der))
        {
            return false;
        }

        var kept = Verify(url, der);
        var list = kept.List;

        // Only of one CA: another one, with another key, counts by itself.
        if (old?.IsOfSameKey(kept) == true && (old.List.Number > list.Number || old.List.ThisUpdate > list.ThisUpdate))
        {
            throw new ListRefusedException($"{url} is older (number {list.Number}) than the one that is here ({old.List.Number})");
        }

        var name = ListFolder.NameOf(url);
        Log.ListWritten(_logger, _folder.Write(name, list), list.Count, list.Number, list.NextUpdate);
        _current[url] = kept;
        return true;
    }

    private Kept Verify(Uri url, byte[] der)
    {
        var problem = "is signed by none of the CAs in --ca; add the issuing CA's certificate to that file";
        foreach (var issuer in Issuers)
        {
            var (list, why) = CertificateListCheck.Read(der, issuer, _providers, _clock.GetUtcNow());
            if (list is not null)
            {
                return new Kept(list, issuer);
            }

            problem = why is not null && !why.StartsWith("is not signed", StringComparison.Ordinal) ? why : problem;
        }

        throw new ListRefusedException($"{url} {problem}");
    }

    /// <param name="Issuer">The CA of --ca that signed it.</param>
    private sealed record Kept(CertificateList List, Certificate Issuer)
    {
        public bool IsOfSameKey(Kept other) => Issuer.PublicKey.SubjectPublicKeyInfo.Span.SequenceEqual(other.Issuer.PublicKey.SubjectPublicKeyInfo.Span);
    }

    private sealed class ListRefusedException(string message) : Exception(message);
}
