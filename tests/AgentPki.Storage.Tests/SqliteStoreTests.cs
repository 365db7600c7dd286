using AgentPki.Testing.Stores;

namespace AgentPki.Storage.Tests;

public sealed class SqliteStoreTests : StoreContractTests<SqliteStore>
{
    private readonly TemporaryFolder _folder = new();

    protected override Task<SqliteStore> CreateAsync() => _folder.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
