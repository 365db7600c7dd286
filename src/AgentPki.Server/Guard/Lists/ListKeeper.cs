using AgentPki.Client.Revocation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Server.Guard.Lists;

/// <summary>
/// Keeps CRL files fresh: fetched again when the feed tells of a revocation, and each minute; a list is written only when it is signed by a CA of the file given, current, and not older than
/// the one that is there.
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
    private readonly Dictionary<Uri, CertificateList> _current = [];
    private long _lastEvent; // when the last revocation was, in milliseconds
    private volatile string? _problem = "the CRLs were not fetched yet";

    public ListKeeper(GuardOptions options, ListFolderOptions lists, RevocationFollower follower, CryptoProviders providers, TimeProvider clock, ILogger logger)
    {
        (_options, _lists, _providers, _clock, _logger) = (options, lists, providers, clock, logger);
        _folder = new ListFolder(lists.Folder);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MostOctets };
        foreach (var url in lists.Urls)
        {
            if (_folder.TryRead(ListFolder.NameOf(url)) is { } kept)
            {
                _current[url] = kept;
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

    /// <summary>Why not every list is fresh, as a clause; null: all are.</summary>
    public string? Problem => _problem ?? (_lists.Urls.FirstOrDefault(u => !_current.TryGetValue(u, out var list) || list.NextUpdate <= _clock.GetUtcNow()) is { } lapsed ? $"{lapsed} has lapsed" : null);

    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await RefreshAsync(cancellationToken);
            await _wanted.WaitAsync(_problem is null ? _lists.Every : RetryAfter, cancellationToken);
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
            if (changed || (_problem is null && !_folder.HasAll))
            {
                _folder.WriteAll(_lists.Urls.Where(_current.ContainsKey).Select(u => _current[u]));
                await ChangeHook.RunAsync(_lists, _logger, cancellationToken);
            }

            // thisUpdate has whole seconds.
            var said = _current.Values.Any(l => l.ThisUpdate.ToUnixTimeMilliseconds() + 999 >= happened);
            if ((_problem is null && (changed || said)) || _clock.GetElapsedTime(start) > Patience)
            {
                return;
            }

            await Task.Delay(wait, _clock, cancellationToken);
        }
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
            catch (Exception failure) when (failure is HttpRequestException or IOException or ListRefusedException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                problem = failure is ListRefusedException ? failure.Message : $"{url} cannot be fetched ({failure.Message.TrimEnd('.')})";
            }
        }

        if (problem is not null && problem != _problem)
        {
            Log.ListFailed(_logger, problem);
        }

        _problem = problem;
        return changed;
    }

    private bool Take(Uri url, byte[] der)
    {
        var old = _current.GetValueOrDefault(url);
        if (old is not null && old.Der.Span.SequenceEqual(der))
        {
            return false;
        }

        var list = Verify(url, der);
        if (old?.Number > list.Number || old?.ThisUpdate > list.ThisUpdate)
        {
            throw new ListRefusedException($"{url} is older (number {list.Number}) than the one that is here ({old?.Number})");
        }

        var name = ListFolder.NameOf(url);
        Log.ListWritten(_logger, _folder.Write(name, list), list.Count, list.Number, list.NextUpdate);
        _current[url] = list;
        return true;
    }

    private CertificateList Verify(Uri url, byte[] der)
    {
        var problem = "is signed by none of the CAs in --ca; add the issuing CA's certificate to that file";
        foreach (var issuer in _options.Anchors.Concat(_options.Intermediates))
        {
            var (list, why) = CertificateListCheck.Read(der, issuer, _providers, _clock.GetUtcNow());
            if (list is not null)
            {
                return list;
            }

            problem = why is not null && !why.StartsWith("is not signed", StringComparison.Ordinal) ? why : problem;
        }

        throw new ListRefusedException($"{url} {problem}");
    }

    private sealed class ListRefusedException(string message) : Exception(message);
}
