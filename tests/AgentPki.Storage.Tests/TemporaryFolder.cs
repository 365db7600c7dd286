namespace AgentPki.Storage.Tests;

/// <summary>A folder of a test's own, gone with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("agentpki-store-").FullName;

    public string Path { get; }

    public string Database => System.IO.Path.Combine(Path, "agentpki.db");

    public string Checkpoints => System.IO.Path.Combine(Path, "ledger", "checkpoints");

    public SqliteStoreOptions Options => new() { DatabasePath = Database, CheckpointsPath = Checkpoints };

    public Task<SqliteStore> OpenAsync(SqliteStoreOptions? options = null) =>
        SqliteStore.OpenAsync(options ?? Options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<SqliteStore>.Instance, Xunit.TestContext.Current.CancellationToken);

    public Task<SqliteStore> OpenReadOnlyAsync() =>
        SqliteStore.OpenReadOnlyAsync(Options, Microsoft.Extensions.Logging.Abstractions.NullLogger<SqliteStore>.Instance, Xunit.TestContext.Current.CancellationToken);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
