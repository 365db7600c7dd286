using AgentPki.Ledger.Revocations;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>A peer whose certificate is watched for as long as a connection to it is open (<see cref="RevocationView.Track"/>). Disposing ends the watch.</summary>
public sealed class TrackedPeer : IDisposable
{
    private readonly RevocationView _view;
    private volatile RevocationStatus _status;

    internal TrackedPeer(RevocationView view, Certificate certificate, RevocationMember member, object? tag, RevocationStatus status) =>
        (_view, Certificate, Member, Tag, _status) = (view, certificate, member, tag, status);

    public Certificate Certificate { get; }

    /// <summary>What the caller gave along: its connection, for example.</summary>
    public object? Tag { get; }

    /// <summary>The status as it was last told; <see cref="RevocationView.Check"/> tells it as of now.</summary>
    public RevocationStatus Status => _status;

    internal RevocationMember Member { get; }

    public void Dispose() => _view.Forget(this);

    /// <summary>Whether the new status is another in what it means for the peer.</summary>
    internal bool Move(RevocationStatus status)
    {
        var before = _status;
        _status = status;
        return before.GetType() != status.GetType();
    }
}

/// <summary>Peers whose status changed.</summary>
/// <param name="sequence">The last event that is taken into account.</param>
public sealed class RevocationChangedEventArgs(long sequence, IReadOnlyList<TrackedPeer> peers) : EventArgs
{
    public long Sequence { get; } = sequence;

    /// <summary>Those that are good no more, whatever the reason: their connections are to be cut.</summary>
    public IEnumerable<TrackedPeer> Refused => peers.Where(p => !p.Status.IsGood);

    /// <summary>Those that are good again.</summary>
    public IEnumerable<TrackedPeer> Restored => peers.Where(p => p.Status.IsGood);
}
