using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Testing.Stores;

// What is done about agents by rule, said as plainly as can be: the contract tests hold SQL against it.
internal static partial class InMemoryChanges
{
    private static InMemoryState AddWatchResponse(InMemoryState state, StoreChange.AddWatchResponse c)
    {
        var added = c.Response;
        Check(state.Agents.ContainsKey(added.AgentId), c, ConflictReasons.AgentUnknown(added.AgentId));
        Check(FindResponse(state, added.Id) is null, c, ConflictReasons.WatchResponseExists(added.Id));
        return state with { WatchResponses = state.WatchResponses.Add(new WatchResponse(added.Id, added.AgentId, added.Detector, added.Response, added.Explanation, added.RulesDigest, Milliseconds(added.At))) };
    }

    private static InMemoryState FailWatchResponse(InMemoryState state, StoreChange.FailWatchResponse c)
    {
        var known = FindResponse(state, c.Id);
        Check(known is { State: WatchResponseState.Begun }, c, ConflictReasons.WatchResponseNotBegun(c.Id));
        return state with { WatchResponses = state.WatchResponses.Replace(known!, known! with { State = WatchResponseState.NotDone, Problem = c.Problem }) };
    }

    private static InMemoryState RevertWatchResponse(InMemoryState state, StoreChange.RevertWatchResponse c, long epoch, long leafIndex)
    {
        var known = FindResponse(state, c.Id);
        Check(known is not null, c, ConflictReasons.WatchResponseUnknown(c.Id));
        Check(known!.State != WatchResponseState.Reverted, c, ConflictReasons.WatchResponseReverted(c.Id));
        Check(known.State == WatchResponseState.Done, c, ConflictReasons.WatchResponseNotDone(c.Id));
        var now = Milliseconds(c.Time);
        if (state.Adjustments.Find(a => a.Id == known.AdjustmentId && a.Ended is null && a.NotAfter > now) is { } narrowing)
        {
            state = state with { Adjustments = state.Adjustments.Replace(narrowing, narrowing with { Ended = now }) };
        }

        var mine = state.Answered.Where(e => e.Key.Response == c.Id).Select(e => e.Value).ToList();
        state = state with { Answered = state.Answered.SetItems(mine.Select(a => KeyValuePair.Create((c.Id, a.AgentId), new AnsweredAgent(a.AgentId, AnswerStanding.Over, AnswerStanding.Over)))) };
        var free = mine.Where(a => a.Held == AnswerStanding.Alone && HeldOf(state, a.AgentId) == AnswerStanding.Over).Select(a => a.AgentId).ToHashSet(StringComparer.Ordinal);
        var epochs = state.WatchResponses.Select(w => w.Epoch).OfType<long>().ToHashSet();
        var taken = state.Certificates
            .Where(e => e.Value is { Revoked: { Reason: RevocationReason.CertificateHold } held, Certificate.AgentId: { } agent } && free.Contains(agent) && epochs.Contains(held.Epoch)).Select(e => e.Key).ToList();
        state = Take(state, taken, c.Time, RevocationReason.RemoveFromCrl, epoch, leafIndex);
        var awake = mine.Where(a => a.Suspended == AnswerStanding.Alone && SuspendedOf(state, a.AgentId) == AnswerStanding.Over).Select(a => state.Agents[a.AgentId]).Where(a => a.State == AgentState.Suspended).ToList();
        state = state with
        {
            Agents = state.Agents.SetItems(awake.Select(a => KeyValuePair.Create(a.Id, a with { State = AgentState.Active, IsHeld = false }))),
            WatchResponses = state.WatchResponses.Replace(known, known with { State = WatchResponseState.Reverted, Reverted = now, RevertedBy = c.By, ApprovedBy = c.ApprovedBy }),
        };
        return state with { Selected = Describe(state, taken, awake.Count, 0) };
    }

    private static WatchResponse? FindResponse(InMemoryState state, string id) => state.WatchResponses.Find(w => w.Id == id);

    private static AnswerStanding SuspendedOf(InMemoryState state, string agentId) => state.Answered.Values.Where(a => a.AgentId == agentId).Select(a => a.Suspended).DefaultIfEmpty().Max();

    private static AnswerStanding HeldOf(InMemoryState state, string agentId) => state.Answered.Values.Where(a => a.AgentId == agentId).Select(a => a.Held).DefaultIfEmpty().Max();

    /// <summary>What of the selected agents is the response's, before they are stopped; where there is none, it stands when a response is taken back.</summary>
    private static InMemoryState Claim(InMemoryState state, StoreChange.RevokeSet c, List<string> taken)
    {
        var (stops, holds) = (c.Agents is not null && c.Selector.NamesAgents, c.Reason == RevocationReason.CertificateHold);
        if (c.Response is not { } response)
        {
            var now = state;
            return Note(state, id => stops && IsChosen(now, c.Selector, now.Agents[id]), AnswerStanding.Shared, id => holds && AnyMeets(now, c.Selector, id, c.Time), AnswerStanding.Shared);
        }

        foreach (var agent in state.Agents.Values.Where(a => IsChosen(state, c.Selector, a)).ToList())
        {
            var took = taken.Exists(key => state.Certificates[key].Certificate.AgentId == agent.Id);
            var suspended = !stops ? AnswerStanding.Over : agent.State == AgentState.Active ? AnswerStanding.Alone : SuspendedOf(state, agent.Id);
            var held = !holds ? AnswerStanding.Over : HeldOf(state, agent.Id) is var known and > AnswerStanding.Over ? known : took ? AnswerStanding.Alone : AnswerStanding.Over;
            state = took || suspended > AnswerStanding.Over || held > AnswerStanding.Over ? state with { Answered = state.Answered.Add((response, agent.Id), new AnsweredAgent(agent.Id, suspended, held)) } : state;
        }

        return state;
    }

    private static InMemoryState Finish(InMemoryState state, string id, long epoch)
    {
        var known = FindResponse(state, id)!;
        var selected = state.Selected!;
        return state with
        {
            WatchResponses = state.WatchResponses.Replace(known, known with { State = WatchResponseState.Done, Certificates = selected.Count, Agents = selected.Agents, Epoch = selected.Count > 0 ? epoch : null }),
        };
    }

    private static InMemoryState FinishNarrowing(InMemoryState state, StoreChange change, string id, AgentPki.Agents.Decisions.Adjustment narrowing)
    {
        var known = FindResponse(state, id);
        Check(known is { State: WatchResponseState.Begun }, change, ConflictReasons.WatchResponseNotBegun(id));
        return state with
        {
            WatchResponses = state.WatchResponses.Replace(known!, known! with { State = WatchResponseState.Done, AdjustmentId = narrowing.Id }),
            Answered = state.Answered.Add((id, narrowing.AgentId), new AnsweredAgent(narrowing.AgentId, AnswerStanding.Over, AnswerStanding.Over)),
        };
    }

    /// <summary>Somebody else has decided about these agents: what stands of responses becomes that.</summary>
    private static InMemoryState Note(InMemoryState state, Func<string, bool> states, AnswerStanding suspended, Func<string, bool> holds, AnswerStanding held) => state with
    {
        Answered = state.Answered.SetItems(state.Answered.Select(e => KeyValuePair.Create(e.Key, e.Value with
        {
            Suspended = e.Value.Suspended > AnswerStanding.Over && states(e.Key.Agent) ? suspended : e.Value.Suspended,
            Held = e.Value.Held > AnswerStanding.Over && holds(e.Key.Agent) ? held : e.Value.Held,
        })).ToList()),
    };

    internal static bool AnyMeets(InMemoryState state, RevocationSelector selector, string agentId, DateTimeOffset now) =>
        state.Certificates.Values.Any(e => e.Certificate.AgentId == agentId && Meets(state, selector, e.Certificate, now) && !IsSpared(selector, e.Certificate));
}
