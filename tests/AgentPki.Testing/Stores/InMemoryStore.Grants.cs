using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IGrantStore
{
    ValueTask<GrantRecord?> IGrantStore.FindGrantAsync(ReadOnlyMemory<byte> digest, CancellationToken cancellationToken) => new(_state.Grants.GetValueOrDefault(Convert.ToHexString(digest.Span)));

    ValueTask<long> IGrantStore.CountGrantsAsync(string parentId, DateTimeOffset since, CancellationToken cancellationToken) => new(_state.Grants.Values.LongCount(g => g.Parent == parentId && g.Made >= since));
}
