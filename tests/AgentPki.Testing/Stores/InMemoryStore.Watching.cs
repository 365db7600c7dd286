using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IWatchStore
{
    ValueTask<WatchResponse?> IWatchStore.FindResponseAsync(string id, CancellationToken cancellationToken) => new(_state.WatchResponses.Find(w => w.Id == id));

    ValueTask<IReadOnlyList<WatchResponse>> IWatchStore.ListResponsesAsync(WatchResponseQuery query, int limit, CancellationToken cancellationToken)
    {
        var state = _state;
        var end = query.After is { } after ? state.WatchResponses.FindIndex(w => w.Id == after) : state.WatchResponses.Count;
        return new([.. state.WatchResponses.Take(Math.Max(end, 0)).Reverse().Where(w =>
            (query.AgentId is null || w.AgentId == query.AgentId) && (query.Owners is not { } owners || owners.Contains(state.Agents[w.AgentId].Owner)) && (query.State is null || w.State == query.State)
            && (query.From is not { } from || w.At >= from) && (query.Before is not { } before || w.At < before)).Take(limit)]);
    }

    ValueTask<WatchResponse?> IWatchStore.FindStandingAsync(RevocationSelector selector, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var state = _state;
        return new(state.WatchResponses.FindLast(w => state.Answered.Any(e => e.Key.Response == w.Id && (
            (e.Value.Suspended > AnswerStanding.Over && selector.NamesAgents && InMemoryChanges.IsChosen(state, selector, state.Agents[e.Key.Agent]))
            || (e.Value.Held > AnswerStanding.Over && InMemoryChanges.AnyMeets(state, selector, e.Key.Agent, now))))));
    }

    ValueTask<long> IWatchStore.CountResponsesAsync(DateTimeOffset from, CancellationToken cancellationToken) => new(_state.WatchResponses.LongCount(w => w.At >= from));

    ValueTask<IReadOnlyList<AnsweredAgent>> IWatchStore.ListAnsweredAsync(string responseId, int limit, CancellationToken cancellationToken) =>
        new([.. _state.Answered.Where(e => e.Key.Response == responseId).Select(e => e.Value).OrderBy(a => a.AgentId, StringComparer.Ordinal).Take(limit)]);
}
