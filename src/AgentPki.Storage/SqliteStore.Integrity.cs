namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    /// <summary>Looks whether the database's pages are whole (<c>PRAGMA quick_check</c>); null, or the first thing that is not. Reads the whole file.</summary>
    /// <exception cref="Authority.Store.StoreUnavailableException">It cannot be read at all.</exception>
    public async ValueTask<string?> CheckIntegrityAsync(CancellationToken cancellationToken) =>
        await FindAsync("PRAGMA quick_check(1)", static _ => { }, static row => row.GetText(0), cancellationToken) is { } answer && answer != "ok" ? answer : null;
}
