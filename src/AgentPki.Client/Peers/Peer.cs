using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Client.Peers;

/// <summary>An admitted peer with an open connection. Disposing ends the watch, not the connection.</summary>
public sealed class Peer : IDisposable
{
    private readonly PeerConnections _connections;
    private readonly Action _cut;
    private PeerRefusal? _refusal;
    private int _disposed;

    internal Peer(PeerConnections connections, IReadOnlyList<Certificate> path, Action cut) => (_connections, Path, _cut) = (connections, path, cut);

    /// <summary>The certificate, its issuers, the anchor last.</summary>
    public IReadOnlyList<Certificate> Path { get; }

    public Certificate Certificate => Path[0];

    /// <summary>Null when the certificate names none, and the policy asks for none.</summary>
    public SpiffeId? SpiffeId => Certificate.SpiffeId;

    /// <summary>Why its connection was cut; null while it is good.</summary>
    public PeerRefusal? Refusal => Volatile.Read(ref _refusal);

    /// <summary>Who said that it is good.</summary>
    internal RevocationSource Source { get; set; }

    internal TrackedPeer? Tracked { get; set; }

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Cuts the connection, once; false when it was cut or left alone before.</summary>
    internal bool TryCut(PeerRefusal refusal)
    {
        if (IsDisposed || Interlocked.CompareExchange(ref _refusal, refusal, null) is not null)
        {
            return false;
        }

        try
        {
            _cut();
        }
#pragma warning disable CA1031 // What the application throws here must not end the follower, on whose thread this runs: nobody else would be cut any more.
        catch (Exception)
#pragma warning restore CA1031
        {
            return true;
        }

        return true;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _connections.Remove(this);
        }
    }
}
