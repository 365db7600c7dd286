using System.Runtime.CompilerServices;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IRevocationStore
{
    ValueTask<IReadOnlyList<RevocationEvent>> IRevocationStore.ListEventsAsync(long after, int limit, CancellationToken cancellationToken) =>
        new(_state.RevocationEvents.Where(e => e.Epoch > after).Take(limit).ToList());

    IAsyncEnumerable<RevokedMember> IRevocationStore.ListEventMembersAsync(long epoch, CancellationToken cancellationToken) =>
        MembersAsync(e => e.Revoked?.Epoch == epoch, cancellationToken);

    IAsyncEnumerable<RevokedMember> IRevocationStore.ListAllRevokedAsync(DateTimeOffset notExpiredBefore, CancellationToken cancellationToken) =>
        MembersAsync(e => e.Revoked is { Reason: not RevocationReason.RemoveFromCrl } && e.Certificate.NotAfter >= notExpiredBefore, cancellationToken);

    ValueTask<long> IRevocationStore.CountAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, long atMost, CancellationToken cancellationToken)
    {
        var state = _state;
        var taken = state.Certificates.Values.Where(e => InMemoryChanges.Meets(state, selector, e.Certificate, now) && InMemoryChanges.WouldTake(e, reason) && !InMemoryChanges.IsSpared(selector, e.Certificate));
        return new(Math.Min(atMost, taken.LongCount()));
    }

    ValueTask<SelectionPreview> IRevocationStore.PreviewAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, int sample, CancellationToken cancellationToken)
    {
        var state = _state;
        var met = state.Issued.Reverse().Select(key => state.Certificates[key]).Where(e => InMemoryChanges.Meets(state, selector, e.Certificate, now) && InMemoryChanges.WouldTake(e, reason)).ToList();
        var taken = met.Where(e => !InMemoryChanges.IsSpared(selector, e.Certificate)).ToList();
        var agents = taken.Select(e => e.Certificate.AgentId).OfType<string>().Distinct().ToList();
        var without = agents.Count(id => !state.Certificates.Values.Any(e => e.Certificate.AgentId == id && e.Certificate.NotAfter > now && e.ToStored().Status is CertificateStatus.Good && !taken.Contains(e)));
        return new(new SelectionPreview(
            taken.Count,
            agents.Count,
            without,
            Count(taken, c => c.Authority),
            Count(taken, c => c.Profile),
            Count(taken, c => c.AgentId is { } id ? state.Agents[id].Owner : ""),
            [.. taken.Take(sample).Select(e => e.ToStored())],
            [.. met.Where(e => InMemoryChanges.IsSpared(selector, e.Certificate)).Take(sample).Select(e => e.ToStored())]));
    }

    private static List<SelectionCount> Count(List<StoredEntry> taken, Func<CertificateRecord, string> name) =>
        [.. taken.GroupBy(e => name(e.Certificate)).Select(g => new SelectionCount(g.Key, g.Count())).OrderByDescending(c => c.Certificates).ThenBy(c => c.Name, StringComparer.Ordinal).Take(20)];

    private async IAsyncEnumerable<RevokedMember> MembersAsync(Func<StoredEntry, bool> wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = _state;
        var order = state.Authorities.Select((a, i) => (a.Name, i)).ToDictionary(a => a.Name, a => a.i);
        foreach (var entry in state.Certificates.Values.Where(wanted).OrderBy(e => order[e.Certificate.Authority]).ThenBy(e => Convert.ToHexString(e.Certificate.Serial), StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new RevokedMember(entry.Certificate.Authority, entry.Certificate.Serial);
        }

        await ValueTask.CompletedTask;
    }
}
