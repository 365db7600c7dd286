using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Testing.Stores;

// What the selectors mean, said a second time and as plainly as can be: the contract tests hold SQL against it.
internal static partial class InMemoryChanges
{
    public static bool IsChosen(InMemoryState state, RevocationSelector selector, AgentRecord agent) =>
        (selector.Agent is null || agent.Id == selector.Agent || (selector.WithDescendants && Ancestors(state, agent).Contains(selector.Agent)))
        && (selector.AgentsUnder is null || agent.Id.StartsWith(selector.AgentsUnder, StringComparison.Ordinal))
        && (selector.Owner is null || agent.Owner == selector.Owner);

    public static bool Meets(InMemoryState state, RevocationSelector selector, CertificateRecord certificate, DateTimeOffset now) =>
        MeetsEver(state, selector, certificate) && (selector.NamesOneCertificate || certificate.NotAfter > now);

    /// <summary>Ended or not.</summary>
    private static bool MeetsEver(InMemoryState state, RevocationSelector selector, CertificateRecord certificate) =>
        (selector.Authority is null || certificate.Authority == selector.Authority)
        && (selector.Serial is not { } serial || serial.Span.SequenceEqual(certificate.Serial))
        && ((selector.Agent ?? selector.AgentsUnder ?? selector.Owner) is null || (certificate.AgentId is { } id && IsChosen(state, selector, state.Agents[id])))
        && (selector.Profile is null || certificate.Profile == selector.Profile)
        && (selector.Algorithm is null || certificate.KeyAlgorithm?.Name == selector.Algorithm)
        && (selector.KeyFingerprint is not { } key || KeysOf(certificate).Any(k => k == Convert.ToHexString(key.Span) || k == state.KeyHalves.GetValueOrDefault(Convert.ToHexString(key.Span))))
        && (selector.IssuedFrom is not { } from || certificate.Issued >= Milliseconds(from))
        && (selector.IssuedBefore is not { } before || certificate.Issued < Milliseconds(before))
        && (selector.Requester is null || certificate.Requester == selector.Requester);

    internal static IEnumerable<string> KeysOf(CertificateRecord certificate) =>
        new[] { certificate.KeyFingerprint, certificate.AlternativeKeyFingerprint }.OfType<byte[]>().Select(Convert.ToHexString);

    public static bool IsSpared(RevocationSelector selector, CertificateRecord certificate) => certificate.AgentId is null && selector is not { NamesOneCertificate: true, IncludeAppliance: true };

    /// <param name="reason">removeFromCRL: what a release takes.</param>
    public static bool WouldTake(StoredEntry entry, RevocationReason reason) => reason == RevocationReason.RemoveFromCrl ? entry.Revoked?.Reason == RevocationReason.CertificateHold :
        entry.Revoked is not { Reason: var was } || was == RevocationReason.RemoveFromCrl || (was == RevocationReason.CertificateHold && reason != RevocationReason.CertificateHold);

    private static InMemoryState RevokeCertificate(InMemoryState state, StoreChange.RevokeCertificate c, long epoch, long leafIndex)
    {
        var key = InMemoryState.CertificateKey(c.Authority, c.Serial);
        Check(state.Certificates.TryGetValue(key, out var known), c, ConflictReasons.CertificateUnknown(c.Authority, c.Serial));
        return BlockKeys(WouldTake(known!, c.Reason) ? Take(state, [key], c.Time, c.Reason, epoch, leafIndex) : state, [known!.Certificate], c.Reason, out _);
    }

    private static InMemoryState RevokeSet(InMemoryState state, StoreChange.RevokeSet c, long epoch, long leafIndex)
    {
        var selector = c.Selector;
        if (selector is { NamesOneCertificate: true, Authority: { } authority, Serial: { } serial })
        {
            Check(state.Certificates.ContainsKey(InMemoryState.CertificateKey(authority, serial.Span)), c, ConflictReasons.CertificateUnknown(authority, serial.Span));
        }

        var taken = state.Certificates.Where(e => Meets(state, selector, e.Value.Certificate, c.Time) && !IsSpared(selector, e.Value.Certificate) && WouldTake(e.Value, c.Reason)).Select(e => e.Key).ToList();
        var isNamed = selector.NamesAgents || selector.NamesOneCertificate || selector.KeyFingerprint is not null;
        var met = state.Certificates.Values.Select(e => e.Certificate).Where(e => (isNamed ? MeetsEver(state, selector, e) : Meets(state, selector, e, c.Time)) && !IsSpared(selector, e));
        var next = BlockKeys(Take(state, taken, c.Time, c.Reason, epoch, leafIndex), met, c.Reason, out var keys);
        next = next with { Certificates = next.Certificates.SetItems(taken.Select(key => KeyValuePair.Create(key, next.Certificates[key] with { InvalidSince = c.InvalidSince }))) };
        if (selector.KeyFingerprint is { } fingerprint && Blocks(c.Reason) && !next.BlockedKeys.ContainsKey(Convert.ToHexString(fingerprint.Span)))
        {
            (next, keys) = (next with { BlockedKeys = next.BlockedKeys.Add(Convert.ToHexString(fingerprint.Span), c.Reason) }, keys + 1);
        }

        Check(c.Response is null || FindResponse(next, c.Response) is { State: WatchResponseState.Begun }, c, ConflictReasons.WatchResponseNotBegun(c.Response ?? ""));
        next = Claim(next, c, taken);
        var agents = 0L;
        if (c.Agents is { } wanted && selector.NamesAgents)
        {
            var isHold = c.Reason == RevocationReason.CertificateHold;
            next = next with { Agents = next.Agents.SetItems(next.Agents.Values.Where(a => IsChosen(next, selector, a)).Select(a => KeyValuePair.Create(a.Id, a with { IsHeld = isHold && a.IsHeld, SuspendedBy = AgentPki.Agents.Registry.SuspensionRule.None })).ToList()) };

            next = SetAgents(next, selector, wanted, isHold && wanted == AgentState.Suspended, was => wanted == AgentState.Retired ? was.State != AgentState.Retired : was.State == AgentState.Active, out agents);
        }

        next = next with { Selected = Describe(next, taken, agents, keys) };
        return c.Response is { } response ? Finish(next, response, epoch) : next;
    }

    private static InMemoryState ReleaseSet(InMemoryState state, StoreChange.ReleaseSet c, long epoch, long leafIndex)
    {
        var taken = state.Certificates
            .Where(e => Meets(state, c.Selector, e.Value.Certificate, c.Time) && !IsSpared(c.Selector, e.Value.Certificate) && e.Value.Revoked?.Reason == RevocationReason.CertificateHold)
            .Select(e => e.Key).ToList();
        var next = Take(state, taken, c.Time, RevocationReason.RemoveFromCrl, epoch, leafIndex);
        var agents = 0L;
        if (c.Agents && c.Selector.NamesAgents)
        {
            var named = next;
            next = Note(next, id => IsChosen(named, c.Selector, named.Agents[id]), AnswerStanding.Over, id => IsChosen(named, c.Selector, named.Agents[id]), AnswerStanding.Over);
            next = SetAgents(next, c.Selector, AgentState.Active, false, was => was is { State: AgentState.Suspended, IsHeld: true }, out agents);
        }

        return next with { Selected = Describe(next, taken, agents, 0) };
    }

    private static InMemoryState SetAgentParent(InMemoryState state, StoreChange.SetAgentParent c) => PutParent(state, c, c.AgentId, c.ParentId);

    private static InMemoryState PutParent(InMemoryState state, StoreChange c, string agentId, string? parentId)
    {
        Check(state.Agents.TryGetValue(agentId, out var agent), c, ConflictReasons.AgentUnknown(agentId));
        if (parentId is not null)
        {
            var parent = CheckParent(state, c, parentId, agentId, agent!.Owner);
            Check(parentId != agentId && !Ancestors(state, parent).Contains(agentId), c, ConflictReasons.AgentsOwnAncestor(agentId));
        }

        return state with { Agents = state.Agents.SetItem(agentId, agent! with { Parent = parentId }) };
    }

    private static AgentRecord CheckParent(InMemoryState state, StoreChange c, string parentId, string childId, string childsOwner)
    {
        Check(state.Agents.TryGetValue(parentId, out var parent), c, ConflictReasons.AgentUnknown(parentId));
        Check(parent!.Owner == childsOwner, c, ConflictReasons.AgentsParentOfAnotherOwner(childId));
        Check(parent.State == AgentState.Active, c, ConflictReasons.AgentNotActive(parentId));
        CheckChild(state, c, parent, childId);
        return parent;
    }

    private static HashSet<string> Ancestors(InMemoryState state, AgentRecord agent)
    {
        var above = new HashSet<string>(StringComparer.Ordinal);
        for (var parent = agent.Parent; parent is not null && above.Add(parent); parent = state.Agents[parent].Parent)
        {
        }

        return above;
    }

    private static InMemoryState Take(InMemoryState state, List<string> keys, DateTimeOffset time, RevocationReason reason, long epoch, long leafIndex)
    {
        if (keys.Count == 0)
        {
            return state;
        }

        var certificates = state.Certificates.SetItems(keys.Select(key => KeyValuePair.Create(
            key, state.Certificates[key] with { Revoked = new CertificateStatus.Revoked(Milliseconds(time), reason, epoch), RevokedLeaf = leafIndex })));
        return state with { Certificates = certificates, RevocationEpoch = epoch };
    }

    private static bool Blocks(RevocationReason reason) =>
        reason is RevocationReason.KeyCompromise or RevocationReason.CaCompromise or RevocationReason.PrivilegeWithdrawn or RevocationReason.AaCompromise;

    private static InMemoryState BlockKeys(InMemoryState state, IEnumerable<CertificateRecord> met, RevocationReason reason, out long count)
    {
        var keys = Blocks(reason) ? met.SelectMany(KeysOf).Where(k => !state.BlockedKeys.ContainsKey(k)).Distinct().ToList() : [];
        count = keys.Count;
        return state with { BlockedKeys = state.BlockedKeys.AddRange(keys.Select(k => KeyValuePair.Create(k, reason))) };
    }

    private static InMemoryState SetAgents(InMemoryState state, RevocationSelector selector, AgentState to, bool isHeld, Func<AgentRecord, bool> from, out long count)
    {
        var chosen = state.Agents.Values.Where(a => from(a) && IsChosen(state, selector, a)).ToList();
        count = chosen.Count;
        return state with { Agents = state.Agents.SetItems(chosen.Select(a => KeyValuePair.Create(a.Id, a with { State = to, IsHeld = isHeld }))) };
    }

    private static SelectedSet Describe(InMemoryState state, List<string> taken, long agents, long keys)
    {
        if (taken.Count == 0)
        {
            return SelectedSet.Nothing with { Agents = agents, Keys = keys };
        }

        var certificates = taken.Select(key => state.Certificates[key].Certificate).ToList();
        var lines = string.Concat(certificates.Select(c => $"{c.Authority} {Convert.ToHexStringLower(c.Serial)}\n").Order(StringComparer.Ordinal));
        return new SelectedSet(
            taken.Count, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines))), [.. certificates.Select(c => c.Authority).Distinct().Order(StringComparer.Ordinal)], agents, keys);
    }

    /// <summary>One event for a request that raised the epoch.</summary>
    private static InMemoryState AddEvent(InMemoryState state, CommitRequest request, long before, long leafIndex)
    {
        if (state.RevocationEpoch == before)
        {
            return state;
        }

        var first = request.Changes.First(c => c is StoreChange.RevokeSet or StoreChange.ReleaseSet or StoreChange.RevokeCertificate or StoreChange.RevertWatchResponse);
        var (kind, reason, time, selector) = first switch
        {
            StoreChange.RevokeSet s => (RevocationEventKind.Revoked, s.Reason, s.Time, s.Selector.ToString()),
            StoreChange.ReleaseSet s => (RevocationEventKind.Released, RevocationReason.RemoveFromCrl, s.Time, s.Selector.ToString()),
            StoreChange.RevokeCertificate s => (RevocationEventKind.Revoked, s.Reason, s.Time, RevocationSelector.Of(s.Authority, s.Serial).ToString()),
            StoreChange.RevertWatchResponse s => (RevocationEventKind.Released, RevocationReason.RemoveFromCrl, s.Time, $"response={s.Id}"),
            _ => throw new InvalidOperationException(),
        };
        var count = state.Certificates.Values.LongCount(e => e.Revoked?.Epoch == state.RevocationEpoch);
        return state with { RevocationEvents = state.RevocationEvents.Add(new RevocationEvent(state.RevocationEpoch, kind, reason, Milliseconds(time), count, selector, leafIndex)) };
    }
}
