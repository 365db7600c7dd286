using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IAuthorityStore, ICertificateStore, IAgentStore, ICredentialStore, IApprovalStore
{
    ValueTask<IReadOnlyList<AuthorityRecord>> IAuthorityStore.ListAsync(CancellationToken cancellationToken) => new(_state.Authorities);

    ValueTask<IReadOnlyList<SuccessionRecord>> IAuthorityStore.ListSuccessionsAsync(CancellationToken cancellationToken) => new(_state.Successions);

    ValueTask<StoredCertificate?> ICertificateStore.FindAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) =>
        new(_state.Certificates.GetValueOrDefault(InMemoryState.CertificateKey(authority, serial.Span))?.ToStored());

    /// <summary>How often the status of a certificate was read.</summary>
    public long StatusReads => Volatile.Read(ref _statusReads);

    ValueTask<CertificateStatus?> ICertificateStore.FindStatusAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _statusReads);
        return new(_state.Certificates.GetValueOrDefault(InMemoryState.CertificateKey(authority, serial.Span))?.ToStored().Status);
    }

    ValueTask<KeyBinding?> ICertificateStore.FindKeyAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken)
    {
        var (state, key) = (_state, Convert.ToHexString(keyFingerprint.Span));
        var blocked = state.BlockedKeys.TryGetValue(key, out var reason);
        var isKnown = blocked || state.KeyOwners.ContainsKey(key) || state.Certificates.Values.Any(e => InMemoryChanges.KeysOf(e.Certificate).Contains(key));
        return new(isKnown ? new KeyBinding(state.KeyOwners.GetValueOrDefault(key), blocked ? reason : null) : null);
    }

    ValueTask<bool> ICertificateStore.IsCompositeHalfAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken) =>
        new(_state.KeyHalves.ContainsKey(Convert.ToHexString(keyFingerprint.Span)));

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListByAgentAsync(string agentId, int limit, CancellationToken cancellationToken) =>
        new(Newest(limit, c => c.AgentId == agentId));

    ValueTask<CertificateTally> ICertificateStore.TallyAsync(string agentId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var states = _state.Certificates.Values.Where(e => e.Certificate.AgentId == agentId && e.Certificate.NotAfter >= now).Select(e => (e.ToStored().Status as CertificateStatus.Revoked)?.Reason).ToList();
        return new(new CertificateTally(states.Count(r => r is null), states.Count(r => r == RevocationReason.CertificateHold), states.Count(r => r is not null and not RevocationReason.CertificateHold)));
    }

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListByKeyAsync(ReadOnlyMemory<byte> keyFingerprint, int limit, CancellationToken cancellationToken) =>
        new(Newest(limit, c => InMemoryChanges.KeysOf(c).Contains(Convert.ToHexString(keyFingerprint.Span))));

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListAsync(ImmutableArray<string>? owners, CertificateCursor? after, int limit, CancellationToken cancellationToken)
    {
        var state = _state;
        var newest = state.Issued.Reverse();
        var from = after is null ? newest : newest.SkipWhile(key => key != InMemoryState.CertificateKey(after.Authority, after.Serial.Span)).Skip(1);
        return new(from.Select(key => state.Certificates[key]).Where(e => owners is not { } own || (e.Certificate.AgentId is { } id && own.Contains(state.Agents[id].Owner))).Take(limit).Select(e => e.ToStored()).ToList());
    }

    async IAsyncEnumerable<byte[]> ICertificateStore.ListSerialsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in _state.Certificates.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry.Certificate.Serial;
        }

        await ValueTask.CompletedTask;
    }

    ValueTask<long> ICertificateStore.RevocationEpochAsync(CancellationToken cancellationToken) => new(_state.RevocationEpoch);

    ValueTask<long> ICertificateStore.CountAsync(CancellationToken cancellationToken) => new(_state.Issued.Count);

    ValueTask<AgentRecord?> IAgentStore.FindAsync(string agentId, CancellationToken cancellationToken) => new(_state.Agents.GetValueOrDefault(agentId));

    ValueTask<IReadOnlyList<AgentRecord>> IAgentStore.ListAsync(AgentQuery query, int limit, CancellationToken cancellationToken) => new(Select(query).Take(limit).ToList());

    ValueTask<long> IAgentStore.CountAsync(AgentQuery query, CancellationToken cancellationToken) => new(Select(query with { After = null }).LongCount());

    private IEnumerable<AgentRecord> Select(AgentQuery query)
    {
        var state = _state;
        var ordered = query.OldestFirst ? state.Registered : state.Registered.Reverse();
        var from = query.After is { } after ? ordered.SkipWhile(id => id != after).Skip(1) : ordered;
        return from.Select(id => state.Agents[id]).Where(a => Meets(state, query, a));
    }

    ValueTask<OwnerRecord?> IAgentStore.FindOwnerAsync(string name, CancellationToken cancellationToken) => new(_state.Owners.GetValueOrDefault(name));

    ValueTask<IReadOnlyList<OwnerSummary>> IAgentStore.ListOwnersAsync(OwnerState? state, ImmutableArray<string>? names, string? after, int limit, CancellationToken cancellationToken)
    {
        var now = _state;
        return new(now.Owners.Values.Where(o => (state is null || o.State == state) && (names is not { } own || own.Contains(o.Name)) && (after is null || string.CompareOrdinal(o.Name, after) > 0)).Take(limit)
            .Select(o => new OwnerSummary(o, now.Agents.Values.LongCount(a => a.Owner == o.Name && a.State != AgentState.Retired), now.Agents.Values.LongCount(a => a.Owner == o.Name && a.State == AgentState.Suspended))).ToList());
    }

    private static bool Meets(InMemoryState state, AgentQuery query, AgentRecord agent) =>
        (query.Owners is not { } owners || owners.Contains(agent.Owner))
        && (query.State is null || agent.State == query.State)
        && (!query.WithoutRetired || agent.State != AgentState.Retired)
        && (query.Tier is null || agent.Registration.Tier == query.Tier)
        && (query.Parent is null || agent.Parent == query.Parent)
        && (query.Beneath is null || IsBeneath(state, query.Beneath, agent))
        && (query.CameAfter is null || (state.Registered.IndexOf(query.CameAfter) is >= 0 and var place && state.Registered.IndexOf(agent.Id) > place))
        && (!query.HeadsOfFamilies || (agent.Parent is null && state.Agents.Values.Any(a => a.Parent == agent.Id)))
        && (query.LeftUntil is null || state.Owners[agent.Owner].Left <= query.LeftUntil)
        && (query.ReviewBefore is null || agent.Registration.ReviewBy < query.ReviewBefore)
        && (!query.Unscheduled || agent.Registration.ReviewBy is null);

    private static bool IsBeneath(InMemoryState state, string above, AgentRecord agent)
    {
        for (var parent = agent.Parent; parent is not null; parent = state.Agents[parent].Parent)
        {
            if (parent == above)
            {
                return true;
            }
        }

        return false;
    }

    ValueTask<EnrollmentCredential?> ICredentialStore.FindAsync(string name, CancellationToken cancellationToken) => new(_state.Credentials.GetValueOrDefault(name));

    ValueTask<IReadOnlyList<EnrollmentCredential>> ICredentialStore.ListAsync(CancellationToken cancellationToken) => new(_state.Credentials.Values.ToList());

    ValueTask<ApprovalRecord?> IApprovalStore.FindAsync(string id, CancellationToken cancellationToken) => new(_state.Approvals.Find(a => a.Id == id));

    ValueTask<ApprovalRecord?> IApprovalStore.FindByRequestAsync(ReadOnlyMemory<byte> requestHash, CancellationToken cancellationToken) =>
        new(_state.Approvals.Find(a => a.RequestHash.AsSpan().SequenceEqual(requestHash.Span)));

    ValueTask<IReadOnlyList<ApprovalRecord>> IApprovalStore.ListAsync(ApprovalState? state, CancellationToken cancellationToken) =>
        new(_state.Approvals.FindAll(a => state is null || a.State == state));

    private long _statusReads;

    private List<StoredCertificate> Newest(int limit, Func<CertificateRecord, bool> wanted)
    {
        var state = _state;
        return [.. state.Issued.Reverse().Select(key => state.Certificates[key]).Where(e => wanted(e.Certificate)).Take(limit).Select(e => e.ToStored())];
    }
}
