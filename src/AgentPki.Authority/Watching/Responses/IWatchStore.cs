using System.Collections.Immutable;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Watching.Responses;

/// <summary>Which responses somebody asks for. Everything that is given must hold.</summary>
public sealed record WatchResponseQuery
{
    public string? AgentId { get; init; }

    /// <summary>To agents of one of these owners; null: of any.</summary>
    public ImmutableArray<string>? Owners { get; init; }

    public WatchResponseState? State { get; init; }

    /// <summary>Decided then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Decided before.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Those that are older than that one; one that is not there: none.</summary>
    public string? After { get; init; }
}

/// <summary>Reads what was done about agents by rule.</summary>
public interface IWatchStore
{
    ValueTask<WatchResponse?> FindResponseAsync(string id, CancellationToken cancellationToken);

    /// <summary>Responses, newest first.</summary>
    ValueTask<IReadOnlyList<WatchResponse>> ListResponsesAsync(WatchResponseQuery query, int limit, CancellationToken cancellationToken);

    /// <summary>How many were decided then or later, whatever became of them.</summary>
    ValueTask<long> CountResponsesAsync(DateTimeOffset from, CancellationToken cancellationToken);

    /// <summary>The newest response that holds certificates which are selected, or suspends agents that are named, and was not taken back; null: none does.</summary>
    ValueTask<WatchResponse?> FindStandingAsync(RevocationSelector selector, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The agents that a response changed, by ordinal name.</summary>
    ValueTask<IReadOnlyList<AnsweredAgent>> ListAnsweredAsync(string responseId, int limit, CancellationToken cancellationToken);
}
