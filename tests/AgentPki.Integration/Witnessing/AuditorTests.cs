using AgentPki.Integration.Harness;
using AgentPki.Ledger.Notes;

namespace AgentPki.Integration.Witnessing;

/// <summary>An auditor on another machine: exports, proofs and the published ledger, verified with nothing of the appliance's but its keys; and by Go's own tlog library.</summary>
[Trait("tier", "full")]
public sealed class AuditorTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ledger_Published_IsVerifiedByGosOwnLibrary()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        await using var appliance = await Appliance.StartNewAsync();
        await WitnessedLedgerTests.ConfigureAsync(appliance, quorum: 1, witness);
        using var folder = new TempFolder();
        var key = (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('\n')[0];
        var old = await WitnessedLedgerTests.ServedAsync(appliance, _ => true);
        await File.WriteAllTextAsync(folder.File("old"), old.ToString(), Cancelled);
        await EnrolledAgent.CreateAsync(appliance, "judged");
        await WitnessedLedgerTests.ServedAsync(appliance, served => served.Checkpoint.Size > old.Checkpoint.Size);

        var url = $"http://127.0.0.1:{appliance.HttpPort}{key.Split('+')[0]["agentpki.internal".Length..]}";
        var cosigner = witness.Keys.Single(k => k.Type == NoteSignatureType.Ed25519Cosignature).ToString();
        var judged = (await JudgeAsync(folder, "-url", url, "-vkey", key, "-old", folder.File("old"), "-witness", cosigner)).MustSucceed().Text;
        foreach (var sentence in (string[])["is signed by", "cosigned by witness.test/w1", "every entry is in the tree", "the served proof of entry 0 stands", $"begins with the {old.Checkpoint.Size} entries"])
        {
            Assert.Contains(sentence, judged, StringComparison.Ordinal);
        }

        // A judge that accepts everything proves nothing: another log's head, another witness, another key.
        await File.WriteAllTextAsync(folder.File("old"), old.ToString().Replace($"\n{old.Checkpoint.Size}\n", $"\n{old.Checkpoint.Size - 1}\n", StringComparison.Ordinal), Cancelled);
        (await JudgeAsync(folder, "-url", url, "-vkey", key, "-old", folder.File("old"))).MustFail();
        await using var stranger = await WitnessProcess.StartNewAsync("witness.test/w2");
        (await JudgeAsync(folder, "-url", url, "-vkey", key, "-witness", stranger.Keys.Single(k => k.Type == NoteSignatureType.Ed25519Cosignature).ToString())).MustFail();
        (await JudgeAsync(folder, "-url", url, "-vkey", (await Testing.Witnessing.ToyLog.NewAsync(1, key.Split('+')[0])).Key.ToString())).MustFail();
    }

    [Fact]
    public async Task Auditor_WithoutTheHome_VerifiesExportProofAndUrl()
    {
        await using var first = await WitnessProcess.StartNewAsync("witness.test/w1");
        await using var second = await WitnessProcess.StartNewAsync("witness.test/w2");
        await using var appliance = await Appliance.StartNewAsync();
        await WitnessedLedgerTests.ConfigureAsync(appliance, quorum: 2, first, second);
        await EnrolledAgent.CreateAsync(appliance, "audited");
        using var desk = new TempFolder();
        var keys = desk.File("ledger.vkey");
        await File.WriteAllTextAsync(keys, (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text, Cancelled);
        var witnesses = desk.File("witnesses");
        await File.WriteAllLinesAsync(witnesses, first.Keys.Concat(second.Keys).Select(key => key.ToString()), Cancelled);
        await WitnessedLedgerTests.ServedAsync(appliance, _ => true);

        // Found, proven, exported.
        var found = (await appliance.Cli.RunAsync("audit", "search", "--kind", "certificateIssued", "--text", "audited")).MustSucceed().Text;
        var index = found.Trim().Split(' ')[0];
        Assert.Contains("CertificateIssued", found, StringComparison.Ordinal);
        var origin = (await File.ReadAllTextAsync(keys, Cancelled)).Split('+')[0];
        await Eventually.TrueAsync(
            async () => (await first.LastAsync(origin))?.Checkpoint.Size > int.Parse(index) && (await second.LastAsync(origin))?.Checkpoint.Size > int.Parse(index), TimeSpan.FromSeconds(60), () => appliance.Output);
        (await appliance.Cli.RunAsync("audit", "prove", index, "--details", "--to", desk.File("with"))).MustSucceed();
        (await appliance.Cli.RunAsync("audit", "prove", index, "--to", desk.File("without"))).MustSucceed();
        (await appliance.Cli.RunAsync("audit", "export", "--to", desk.File("ledger.jsonl"))).MustSucceed();
        (await appliance.Cli.RunAsync("audit", "prove", "999999")).MustFail();
        (await appliance.Cli.RunAsync("audit", "verify", "--witness", witnesses, "--quorum", "2")).MustSucceed();

        // On the desk: another folder, no home.
        var told = (await DeskAsync(desk, "verify", "--proof", desk.File("with"), "--key", keys, "--witness", witnesses)).MustSucceed().Text;
        Assert.Contains("audited", told, StringComparison.Ordinal);
        Assert.Contains("cosigned by witness.test/w1, witness.test/w2", told, StringComparison.Ordinal);
        Assert.DoesNotContain("audited", (await DeskAsync(desk, "verify", "--proof", desk.File("without"), "--key", keys)).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Contains("intact", (await DeskAsync(desk, "verify", "--export", desk.File("ledger.jsonl"), "--key", keys, "--witness", witnesses, "--quorum", "2")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Contains($" {index}  ", (await DeskAsync(desk, "search", "--export", desk.File("ledger.jsonl"), "--text", "audited", "--kind", "certificateIssued")).MustSucceed().Text, StringComparison.Ordinal);

        // By URL: everything, then only what came since.
        var url = $"http://127.0.0.1:{appliance.HttpPort}{origin["agentpki.internal".Length..]}";
        Assert.Contains("all of them read", (await DeskAsync(desk, "verify", "--url", url, "--key", keys, "--witness", witnesses, "--quorum", "2", "--save", desk.File("last"))).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Contains("read since", (await DeskAsync(desk, "verify", "--url", url, "--key", keys, "--since", desk.File("last"), "--save", desk.File("last"))).MustSucceed().Text, StringComparison.Ordinal);

        // Each refused: another log's key, more witnesses than cosigned, a changed proof, a changed export, a published log that was set back.
        var stranger = (await Testing.Witnessing.ToyLog.NewAsync(1, origin)).Key.ToString();
        foreach (var arguments in (string[][])
        [
            ["verify", "--proof", desk.File("with"), "--key", stranger],
            ["verify", "--export", desk.File("ledger.jsonl"), "--key", stranger],
            ["verify", "--url", url, "--key", stranger],
            ["verify", "--url", url, "--key", keys, "--witness", witnesses, "--witness", (await StrangerAsync()).ToString(), "--quorum", "3"],
        ])
        {
            (await DeskAsync(desk, arguments)).MustFail();
        }

        await ChangeAsync(desk.File("with"), line => line.StartsWith("extra ", StringComparison.Ordinal) ? line[..^8] + (line[^8] == 'A' ? 'B' : 'A') + line[^7..] : line);
        (await DeskAsync(desk, "verify", "--proof", desk.File("with"), "--key", keys)).MustFail();
        var entries = 0;
        await ChangeAsync(desk.File("ledger.jsonl"), line => line.Contains("\"leaf\"", StringComparison.Ordinal) && ++entries == 3 ? null : line);
        Assert.Contains("Removed", (await DeskAsync(desk, "verify", "--export", desk.File("ledger.jsonl"), "--key", keys)).MustFail().Text, StringComparison.Ordinal);
    }

    private static async Task<NoteKey> StrangerAsync()
    {
        await using var stranger = await WitnessProcess.StartNewAsync("witness.test/w3");
        return stranger.Keys[0];
    }

    private static async Task ChangeAsync(string file, Func<string, string?> change) =>
        await File.WriteAllTextAsync(file, string.Join('\n', (await File.ReadAllTextAsync(file, Cancelled)).Split('\n').Select(change).OfType<string>()), Cancelled);

    /// <summary>The executable with a folder of its own, no home and no variables.</summary>
    private static Task<ToolResult> DeskAsync(TempFolder desk, params string[] arguments) =>
        Tool.RunAsync("dotnet", [SourceTree.ServerAssembly, "audit", .. arguments], folder: desk.Path, environment: new Dictionary<string, string> { ["AGENTPKI_HOME"] = desk.File("nowhere"), ["NO_COLOR"] = "1" });

    private static Task<ToolResult> JudgeAsync(TempFolder folder, params string[] arguments) => Tool.RunAsync(
        "go", ["run", Path.Combine(SourceTree.Foreign, "go", "tlog.go"), .. arguments], folder: folder.Path,
        environment: new Dictionary<string, string> { ["GO111MODULE"] = "off", ["GOPATH"] = "/usr/share/gocode", ["GOCACHE"] = folder.File("go-cache"), ["GOFLAGS"] = "", ["HOME"] = folder.Path }, limit: TimeSpan.FromMinutes(5));
}
