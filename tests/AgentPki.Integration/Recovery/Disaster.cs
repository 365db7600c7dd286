using System.Text;
using AgentPki.Integration.Crash;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Integration.Recovery;

/// <summary>An appliance with three officers, of whom two open its backups, and what survives it: a PIN in a safe, the ledger's key with an auditor, the backups on another disk.</summary>
internal sealed class Disaster : IAsyncDisposable
{
    private readonly TempFolder elsewhere = new();

    private Disaster(Appliance appliance, TestOfficers officers) => (Old, Officers) = (appliance, officers);

    public Appliance Old { get; }

    public TestOfficers Officers { get; }

    public string Backup => elsewhere.File("backup.apb");

    public string Shipped => elsewhere.File("shipped");

    public string Pin => elsewhere.File("pin");

    public string LedgerKey => elsewhere.File("ledger.pem");

    public string Heads => elsewhere.File("heads.txt");

    /// <param name="shipping">Whether commits are shipped too.</param>
    public static async Task<Disaster> PrepareAsync(bool shipping = false)
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var disaster = new Disaster(await Appliance.StartNewAsync(), officers);
        await disaster.EquipAsync(shipping);
        return disaster;
    }

    /// <summary>A path on the other disk.</summary>
    public string Elsewhere(string name) => elsewhere.File(name);

    public string KeyFile(string officer) => elsewhere.File($"{officer}.key");

    /// <summary>A backup on the other disk, taken while the appliance serves.</summary>
    public async Task<ToolResult> BackUpAsync(string? path = null) => (await Old.Cli.RunAsync("backup", path ?? Backup)).MustSucceed();

    /// <summary>kill -9, and the home is gone, but for what an auditor copied before: the signed heads.</summary>
    public async Task StrikeAsync()
    {
        await Old.KillAsync();
        File.Copy(Path.Combine(Old.Home, "checkpoints", "ledger.txt"), Heads, overwrite: true);
        Directory.Delete(Old.Home, recursive: true);
    }

    /// <summary>Restores into the home of an appliance that is not made yet; the officers type their passphrases.</summary>
    public Task<ToolResult> RestoreAsync(Appliance to, string source, string[] officers, params string[] more) => RestoreWithAsync(new Dictionary<string, string>(), to, source, officers, more);

    /// <summary>The same, with variables.</summary>
    public Task<ToolResult> RestoreWithAsync(IReadOnlyDictionary<string, string> variables, Appliance to, string source, string[] officers, params string[] more) => to.Cli.TypeWithAsync(
        variables,
        [.. officers.Select(o => Encoding.UTF8.GetString(TestOfficers.PassphraseOf(o)))],
        ["restore", source, "--home", to.Home, "--key", LedgerKey, "--pin", Pin, .. officers.SelectMany(o => new[] { "--officer", $"{o}={KeyFile(o)}" }), .. more]);

    public async ValueTask DisposeAsync()
    {
        await Old.DisposeAsync();
        elsewhere.Dispose();
    }

    private async Task EquipAsync(bool shipping)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Old.Home, "officers")).FullName;
        foreach (var officer in Officers.Roster.Officers)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{officer.Name}.officer"), officer.Encode());
            await File.WriteAllTextAsync(KeyFile(officer.Name), Officers.FileOf(officer.Name));
        }

        File.Copy(Path.Combine(Old.Home, "secrets", "pin"), Pin);
        File.Copy(Path.Combine(Old.Home, "anchors", "ledger.pem"), LedgerKey);
        if (shipping)
        {
            await Old.StopAsync();
            await File.AppendAllTextAsync(Path.Combine(Old.Home, "agentpki.yaml"), $"\nbackup:\n  ship:\n    folder: {Shipped}\n");
            await Old.StartAsync();
        }
    }
}
