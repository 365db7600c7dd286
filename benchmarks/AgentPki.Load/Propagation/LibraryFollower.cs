using System.Diagnostics;
using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Load.Propagation;

/// <summary>A relying party with the client library that has the probe's connection open.</summary>
internal sealed class LibraryFollower : IAsyncDisposable
{
    private readonly RevocationFollower _follower;
    private readonly TrackedPeer _peer;
    private TaskCompletionSource<long> _refused = New();

    private LibraryFollower(RevocationFollower follower, Certificate probe)
    {
        _follower = follower;
        _peer = follower.View.Track(probe, this);
        follower.View.Changed += (_, changed) =>
        {
            if (changed.Refused.Any(p => p.Tag == this))
                _refused.TrySetResult(Stopwatch.GetTimestamp());
        };
    }

    /// <summary>The timestamp at which the library said that the peer is to be cut.</summary>
    internal Task<long> RefusedAt => _refused.Task;

    internal bool IsGood => _follower.View.Check(_peer.Certificate).IsGood;

    internal static async Task<LibraryFollower> StartAsync(RevocationFollowerOptions options, Certificate probe, CancellationToken cancellationToken)
    {
        var follower = new RevocationFollower(options, TimeProvider.System);
        await follower.WaitUntilCurrentAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        return new LibraryFollower(follower, probe);
    }

    internal void Reset() => _refused = New();

    public async ValueTask DisposeAsync()
    {
        _peer.Dispose();
        await _follower.DisposeAsync();
    }

    private static TaskCompletionSource<long> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
