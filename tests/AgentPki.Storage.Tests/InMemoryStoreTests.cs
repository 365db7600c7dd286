using AgentPki.Testing.Stores;

namespace AgentPki.Storage.Tests;

/// <summary>The stand-in that other projects test with does what the real store does.</summary>
public sealed class InMemoryStoreTests : StoreContractTests<InMemoryStore>
{
    protected override Task<InMemoryStore> CreateAsync() => Task.FromResult(new InMemoryStore());
}
