using AgentPki.Ledger.Revocations;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>A statement as it is sent to everybody.</summary>
/// <param name="Kind">What it is, for people: <c>revoked</c>, <c>released</c>, <c>heartbeat</c>.</param>
/// <param name="Jws">The compact JWS; the same octets for all.</param>
public sealed record FeedEntry(long Sequence, string Kind, string Jws)
{
    internal static FeedEntry Of(RevocationStatement statement, string jws) => new(statement.Sequence, KindOf(statement), jws);

    private static string KindOf(RevocationStatement statement) => statement switch
    {
        RevocationEventStatement { IsRelease: true } => "released",
        RevocationEventStatement => "revoked",
        HeartbeatStatement => "heartbeat",
        _ => "snapshot",
    };
}

/// <summary>The newest of the feed, the same object for all who read it: replaced with each statement, never changed.</summary>
/// <remarks>No record: a copy of one would share the promise that it is replaced.</remarks>
public sealed class FeedWindow
{
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FeedWindow(IReadOnlyList<FeedEntry> events, long last, FeedEntry? heartbeat) => (Events, Last, Heartbeat) = (events, last, heartbeat);

    /// <summary>Consecutive, the newest last.</summary>
    public IReadOnlyList<FeedEntry> Events { get; }

    /// <summary>The newest event's sequence, or where the feed began.</summary>
    public long Last { get; }

    /// <summary>Null: none was signed yet.</summary>
    public FeedEntry? Heartbeat { get; }

    /// <summary>Completes when there is a newer window.</summary>
    public Task Replaced => _replaced.Task;

    /// <summary>The events after a sequence; null when they do not all lie in here.</summary>
    public IEnumerable<FeedEntry>? After(long sequence) =>
        sequence == Last ? [] : sequence > Last || Events.Count == 0 || sequence < Events[0].Sequence - 1 ? null : Events.Skip((int)(sequence + 1 - Events[0].Sequence));

    internal void Replace() => _replaced.TrySetResult();
}
