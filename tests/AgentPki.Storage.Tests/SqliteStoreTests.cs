using AgentPki.Authority.Store;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Storage.Tests;

public sealed class SqliteStoreTests : StoreContractTests<SqliteStore>
{
    private readonly TemporaryFolder _folder = new();

    protected override Task<SqliteStore> CreateAsync() => _folder.OpenAsync();

    [Fact]
    public async Task Apply_ProofThatWasSpentBeforeARestart_Conflicts()
    {
        using var folder = new TemporaryFolder();
        CommitRequest Spend(byte id) => new(null, [new StoreChange.SpendProof([id], StoreSamples.Now.AddMinutes(10), StoreSamples.Now)]);
        await using (var store = await folder.OpenAsync())
        {
            Assert.IsType<CommitOutcome.Committed>(store.Apply([Spend(1)])[0]);
        }

        await using var again = await folder.OpenAsync();
        var outcomes = again.Apply([Spend(1), Spend(2)]);
        Assert.IsType<CommitOutcome.Conflict>(outcomes[0]);
        Assert.IsType<CommitOutcome.Committed>(outcomes[1]);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
