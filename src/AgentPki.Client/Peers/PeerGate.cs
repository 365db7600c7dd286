using System.Collections.Concurrent;
using AgentPki.Client.Peers.Sources;
using AgentPki.Client.Revocation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers;

/// <summary>
/// Lets peers in: checks chain, purpose, names and live revocation, keeps an eye on every connection that is open, and cuts it when its peer is revoked. One for a process.
/// </summary>
/// <remarks>Make it once, and use it with <see cref="PeerTls"/>: two lines for a server on <c>SslStream</c>, two for an <c>HttpClient</c>. For ASP.NET Core there is AgentPki.Client.AspNetCore.</remarks>
public sealed class PeerGate : IAsyncDisposable
{
    private const int MostIssuers = 64;

    private readonly ChainVerifier _chains;
    private readonly RevocationSources _sources;
    private readonly PeerConnections _connections;
    private readonly ConcurrentDictionary<Certificate, byte> _issuers = new();

    /// <summary>Begins to follow the feed; until it is current, nobody is good (<see cref="OpenAsync"/> waits for that).</summary>
    /// <param name="providers">What verifies signatures; null: what this build has.</param>
    /// <param name="handler">The way to the appliance, made anew for each purpose; null: direct.</param>
    /// <exception cref="ArgumentException">An option that cannot work.</exception>
    public PeerGate(PeerGateOptions options, TimeProvider clock, CryptoProviders? providers = null, Func<HttpMessageHandler>? handler = null)
    {
        options.Validate();
        providers ??= SoftwareVerifiers.Create();
        _chains = new ChainVerifier(options.TrustAnchors, providers, clock, understood: options.HeededPolicy);
        Follower = new RevocationFollower(new RevocationFollowerOptions(options.Appliance, options.TrustAnchors) { MaximumStaleness = options.MaximumStaleness }, clock, providers, handler?.Invoke());
        _sources = new RevocationSources(options, Follower, clock, providers, handler);
        _connections = new PeerConnections(Follower.View, _sources, options, clock);
        foreach (var issuer in options.Intermediates)
        {
            _issuers[issuer] = 0;
        }
    }

    /// <summary>What follows the feed: its state, and what went wrong with it.</summary>
    public RevocationFollower Follower { get; }

    /// <summary>Connections that are open now.</summary>
    public int OpenConnections => _connections.Count;

    /// <summary>Connections that were cut since the start.</summary>
    public long CutConnections => _connections.CutSoFar;

    /// <summary>A gate whose view of revocations is current.</summary>
    public static async Task<PeerGate> OpenAsync(PeerGateOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var gate = new PeerGate(options, clock);
        try
        {
            await gate.Follower.WaitUntilCurrentAsync(cancellationToken);
            return gate;
        }
        catch
        {
            await gate.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// What is to be said of a peer at once, without I/O: for a TLS callback. Null: chain, purpose and names are good, and nothing is known against it; whether it is good <see cref="AdmitAsync"/> says.
    /// </summary>
    /// <param name="sent">Certificates that came along, in any order.</param>
    public PeerRefusal? Judge(ReadOnlyMemory<byte> certificate, IEnumerable<ReadOnlyMemory<byte>> sent, PeerDemand demand) => Judge(certificate, sent, demand, out _);

    /// <summary>Asks everything that there is to ask of a peer and, if it is let in, watches it.</summary>
    /// <param name="sent">Certificates that came along; issuers that <see cref="Judge(ReadOnlyMemory{byte}, IEnumerable{ReadOnlyMemory{byte}}, PeerDemand)"/> saw are known without.</param>
    /// <param name="cut">Ends the connection: called once at most, from any thread, perhaps before this returns; it must be quick and not throw.</param>
    public async ValueTask<Admission> AdmitAsync(ReadOnlyMemory<byte> certificate, IEnumerable<ReadOnlyMemory<byte>> sent, PeerDemand demand, Action cut, CancellationToken cancellationToken)
    {
        if (Judge(certificate, sent, demand, out var path) is { } refusal)
        {
            return new Admission.Refused(refusal);
        }

        var peer = new Peer(_connections, path, cut);
        _connections.Add(peer);
        try
        {
            switch (await _sources.AskAsync(path, cancellationToken))
            {
                case SourceAnswer.Good good:
                    peer.Source = good.Source;
                    break;
                case SourceAnswer.Refused refused:
                    peer.Dispose();
                    return new Admission.Refused(refused.Refusal);
            }
        }
        catch
        {
            peer.Dispose();
            throw;
        }

        if (peer.Refusal is { } meanwhile)
        {
            peer.Dispose();
            return new Admission.Refused(meanwhile);
        }

        return new Admission.Admitted(peer);
    }

    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync();
        await Follower.DisposeAsync();
        _sources.Dispose();
    }

    private PeerRefusal? Judge(ReadOnlyMemory<byte> certificate, IEnumerable<ReadOnlyMemory<byte>> sent, PeerDemand demand, out IReadOnlyList<Certificate> path)
    {
        path = [];
        if (!Certificate.TryParse(certificate, out var leaf, out var error))
        {
            return new PeerRefusal(RefusalKind.Unreadable, $"The certificate cannot be read: {error}.");
        }

        var result = _chains.Verify(leaf, _issuers.Keys.Concat(Parse(sent)), demand.KeyPurpose);
        if (result is not ChainResult.Valid valid)
        {
            return new PeerRefusal(RefusalKind.Untrusted, result is ChainResult.Invalid invalid ? invalid.Detail : "There is no chain to an anchor.");
        }

        path = valid.Path;
        Remember(path);
        return demand.Check(leaf) ?? _sources.FindKnownRefusal(path);
    }

    // Verified by the anchors, so few: a server's TLS stack shows the peer's intermediates during the handshake only.
    private void Remember(IReadOnlyList<Certificate> path)
    {
        foreach (var issuer in path.Skip(1).SkipLast(1))
        {
            if (_issuers.Count < MostIssuers)
            {
                _issuers.TryAdd(issuer, 0);
            }
        }
    }

    private static IEnumerable<Certificate> Parse(IEnumerable<ReadOnlyMemory<byte>> sent)
    {
        foreach (var der in sent)
        {
            if (Certificate.TryParse(der, out var certificate, out _))
            {
                yield return certificate;
            }
        }
    }
}
