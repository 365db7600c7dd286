using System.Runtime.CompilerServices;
using AgentPki.Agents;
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

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListByKeyAsync(ReadOnlyMemory<byte> keyFingerprint, int limit, CancellationToken cancellationToken) =>
        new(Newest(limit, c => InMemoryChanges.KeysOf(c).Contains(Convert.ToHexString(keyFingerprint.Span))));

    ValueTask<IReadOnlyList<StoredCertificate>> ICertificateStore.ListAsync(int limit, CancellationToken cancellationToken) => new(Newest(limit, _ => true));

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

    ValueTask<IReadOnlyList<AgentRecord>> IAgentStore.ListAsync(int limit, CancellationToken cancellationToken)
    {
        var state = _state;
        return new(state.Registered.Reverse().Take(limit).Select(id => state.Agents[id]).ToList());
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
