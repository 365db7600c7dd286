using AgentPki.Testing;
namespace AgentPki.Integration.Harness;

/// <summary>A ceremony's folder as an auditor gets it.</summary>
internal sealed class CeremonyEvidence(CeremonyRoom room, string folder)
{
    // The script starts hundreds of processes; beside other tests that takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public string Folder => folder;

    public string Id => Path.GetFileName(folder);

    /// <summary>A file that the steps made.</summary>
    public string Artifact(string name) => Path.Combine(folder, "artifacts", name);

    /// <summary>Every record's text, in order.</summary>
    public IReadOnlyList<string> Records => [.. Directory.EnumerateFiles(Path.Combine(folder, "records"), "*.txt").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    /// <summary>Copies a file that the steps made to where the next script finds it.</summary>
    public string Carry(string name, string to)
    {
        File.Copy(Artifact(name), Path.Combine(room.Folder, to), overwrite: true);
        return to;
    }

    /// <summary>Both judges, on a copy of the folder in another place: the program, and the shell with openssl, which share no code.</summary>
    public async Task VerifyAsync()
    {
        using var elsewhere = new TempFolder();
        (await Tool.RunAsync("cp", ["-r", folder, elsewhere.File("evidence")])).MustSucceed();
        var judged = (await room.RunAsync(elsewhere.File("no-home"), "ceremony", "verify", elsewhere.File("evidence"))).MustSucceed();
        Assert.Contains("Everything holds", judged.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("WRONG", judged.Text, StringComparison.Ordinal);
        await VerifyByShellAsync(elsewhere.File("evidence"));
    }

    private static async Task VerifyByShellAsync(string copy)
    {
        var script = Path.Combine(copy, "verify.sh");
        var judged = await Tool.RunAsync("sh", [script, copy], limit: Patience);
        if (judged.Text.Contains("set OPENSSL to one of 3.5", StringComparison.Ordinal))
        {
            // ML-DSA is beyond the system's: it says so, and takes another.
            judged = await Tool.RunAsync("sh", [script, copy], environment: new Dictionary<string, string> { ["OPENSSL"] = PqRuntime.OpenSsl }, limit: Patience);
        }

        judged.MustSucceed();
    }
}
