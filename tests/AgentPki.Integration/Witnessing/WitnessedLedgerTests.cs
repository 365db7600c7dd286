using System.Net;
using AgentPki.Integration.Harness;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Witnessing;

namespace AgentPki.Integration.Witnessing;

/// <summary>An appliance and its witnesses, each a process: heads are cosigned and served, and a ledger that was set back or forked is found out.</summary>
[Trait("tier", "full")]
public sealed class WitnessedLedgerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Heads_AreCosignedByTheQuorum_AndServedWithTheirLines()
    {
        await using var first = await WitnessProcess.StartNewAsync("witness.test/w1");
        await using var second = await WitnessProcess.StartNewAsync("witness.test/w2");
        await using var appliance = await Appliance.StartNewAsync();
        await ConfigureAsync(appliance, quorum: 2, first, second);
        await EnrolledAgent.CreateAsync(appliance, "seen");

        var note = await ServedAsync(appliance, _ => true);
        foreach (var witness in (WitnessProcess[])[first, second])
        {
            Assert.All(witness.Keys, key => Assert.True(key.Verify(note.Note, ToyLog.Providers)));
            Assert.Equal(note.Checkpoint, (await witness.LastAsync(note.Checkpoint.Origin))?.Checkpoint);
        }

        // One is away: issuance goes on; what is served stays at what both have seen, until it is back.
        await second.KillAsync();
        await EnrolledAgent.CreateAsync(appliance, "unseen");
        await Eventually.TrueAsync(async () => (await first.LastAsync(note.Checkpoint.Origin))?.Checkpoint.Size > note.Checkpoint.Size, TimeSpan.FromSeconds(30), () => appliance.Output);
        Assert.Equal(HttpStatusCode.OK, await appliance.ReadyStatusAsync());
        Assert.Equal(note.Checkpoint, (await ServedAsync(appliance, _ => true)).Checkpoint);
        await second.StartAsync();
        await ServedAsync(appliance, served => served.Checkpoint.Size > note.Checkpoint.Size);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task Ledger_SetBackAndThenForked_IsFoundOutByItsWitness()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        await using var appliance = await Appliance.StartNewAsync();
        await ConfigureAsync(appliance, quorum: 0, witness);
        await EnrolledAgent.CreateAsync(appliance, "before");
        await appliance.StopAsync();
        using var copies = new TempFolder();
        await CopyAsync(Path.Combine(appliance.Home, "data"), copies.File("data"));

        // It goes on, and the witness sees it.
        await appliance.StartAsync();
        for (var i = 0; i < 12; i++)
        {
            await EnrolledAgent.CreateAsync(appliance, $"lost{i}");
        }

        await appliance.StopAsync();
        await appliance.StartAsync();
        var seen = await SeenAsync(appliance, witness);
        await appliance.StopAsync();

        // Somebody puts back the older database, and takes away the file that would tell.
        Directory.Delete(Path.Combine(appliance.Home, "data"), recursive: true);
        await CopyAsync(copies.File("data"), Path.Combine(appliance.Home, "data"));
        File.Delete(Path.Combine(appliance.Home, "checkpoints", "ledger.txt"));
        appliance.Launch();
        await ReadySaysAsync(appliance, "set back");

        // Grown beyond what was seen it is a fork: other entries under the same numbers. Issuance was never held up.
        for (var i = 0; i < 18; i++)
        {
            await EnrolledAgent.CreateAsync(appliance, $"other{i}");
        }

        await ReadySaysAsync(appliance, "does not accept the head");
        Assert.Contains("\"Critical\"", appliance.Output + await File.ReadAllTextAsync(Path.Combine(appliance.Home, "log", "agentpki.log"), Cancelled), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(seen, (await witness.LastAsync(seen.Origin))?.Checkpoint);
        var shown = (await witness.RunAsync("show")).MustSucceed().Text;
        Assert.Contains($"last cosigned: {seen.Size} entries", shown, StringComparison.Ordinal);
        Assert.Contains("refused", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Witness_WithItsKeyInAToken_CosignsAndIsAwayWithIt()
    {
        var log = await ToyLog.NewAsync(40);
        await using var witness = await WitnessProcess.StartNewInTokenAsync();
        Assert.Empty(Directory.EnumerateFiles(witness.Home, "*.pem", SearchOption.AllDirectories)); // no key in a file
        await witness.WatchAsync(log.Key.ToString());
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 20)))?.Status);
        var signed = await witness.LastAsync(log.Origin);
        Assert.NotNull(signed);
        Assert.All(witness.Keys, key => Assert.True(key.Verify(signed.Note, ToyLog.Providers)));

        // Without its token it cosigns nothing and forgets nothing; with it, it goes on by itself.
        var (tokens, aside) = (Path.Combine(witness.Home, "tokens"), Path.Combine(witness.Home, "tokens.away"));
        Directory.Move(tokens, aside);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await witness.AddAsync(await log.RequestAsync(20, 30)))?.Status);
        Assert.Equal(signed.Checkpoint, (await witness.LastAsync(log.Origin))?.Checkpoint);
        Directory.Move(aside, tokens);
        await Eventually.TrueAsync(async () => await witness.AddAsync(await log.RequestAsync(20, 30)) is (HttpStatusCode.OK, _), TimeSpan.FromSeconds(60), () => witness.Output);

        // Started again, it has the same keys and remembers.
        await witness.KillAsync();
        await witness.StartAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await witness.AddAsync(new Ledger.Witnessing.WitnessRequest(30, [], await log.Fork(20).SignAsync(30))))?.Status);
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(30, 40)))?.Status);
        var last = await witness.LastAsync(log.Origin);
        Assert.NotNull(last);
        Assert.All(witness.Keys, key => Assert.True(key.Verify(last.Note, ToyLog.Providers)));
    }

    [Fact]
    public async Task Fork_OfOneSize_IsProvenByWhatTheWitnessKeeps()
    {
        var log = await ToyLog.NewAsync(40);
        await using var witness = await WitnessProcess.StartNewAsync();
        await witness.WatchAsync(log.Key.ToString());
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 40)))?.Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await witness.AddAsync(new Ledger.Witnessing.WitnessRequest(40, [], await log.Fork(20).SignAsync(40))))?.Status);

        var shown = await witness.RunAsync("show");
        Assert.Equal(1, shown.ExitCode);
        var file = shown.Text.Split('\n').Single(line => line.Contains("FORKED", StringComparison.Ordinal)).Split(' ')[^1].Trim();

        // Both heads are in it, each verifiable with the log's key by whoever has the file.
        var kept = await File.ReadAllTextAsync(file, Cancelled);
        var heads = kept.Split("---").Skip(1).Select(part => part[(part.IndexOf(log.Origin, StringComparison.Ordinal))..])
            .Select(part => SignedCheckpoint.TryParse(part, out var head, out _) ? head : null).ToList();
        Assert.Equal(2, heads.Count);
        Assert.All(heads, head => Assert.True(log.Key.Verify(head!.Note, ToyLog.Providers)));
        Assert.Single(heads.Select(head => head!.Checkpoint.Size).Distinct());
        Assert.Equal(2, heads.Select(head => head!.Checkpoint.Root).Distinct().Count());
    }

    internal static async Task ConfigureAsync(Appliance appliance, int quorum, params WitnessProcess[] witnesses)
    {
        await appliance.StopAsync();
        var keys = (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var witness in witnesses)
        {
            await witness.WatchAsync(keys);
        }

        var configuration = Path.Combine(appliance.Home, "agentpki.yaml");
        var list = string.Concat(witnesses.Select(w => $"\n    - url: {w.Url}\n      keys: [{string.Join(", ", w.Keys.Select(key => $"\"{key}\""))}]"));
        await File.WriteAllTextAsync(
            configuration,
            (await File.ReadAllTextAsync(configuration, Cancelled)).Replace("  publish: false ", $"  witnessInterval: 1s\n  quorum: {quorum}\n  witnesses:{list}\n  publish: true ", StringComparison.Ordinal), Cancelled);
        await appliance.StartAsync();
    }

    internal static async Task<SignedCheckpoint> ServedAsync(Appliance appliance, Predicate<SignedCheckpoint> wanted)
    {
        using var http = new HttpClient();
        var origin = (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('+')[0];
        SignedCheckpoint? served = null;
        await Eventually.TrueAsync(
            async () =>
            {
                using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{appliance.HttpPort}{origin["agentpki.internal".Length..]}/checkpoint"), Cancelled);
                return answer.IsSuccessStatusCode && SignedCheckpoint.TryParse(await answer.Content.ReadAsStringAsync(Cancelled), out served, out _) && wanted(served);
            },
            TimeSpan.FromSeconds(60),
            () => $"not served: {served}\n{appliance.Output}");
        return served!;
    }

    /// <summary>The newest head, once the witness has cosigned it.</summary>
    private static async Task<Checkpoint> SeenAsync(Appliance appliance, WitnessProcess witness)
    {
        Assert.True(SignedCheckpoint.TryParse((await appliance.Cli.RunAsync("audit", "checkpoint")).MustSucceed().Text.TrimEnd() + "\n", out var newest, out var error), error);
        var last = newest.Checkpoint;
        await Eventually.TrueAsync(
            async () => (last = (await witness.LastAsync(newest.Checkpoint.Origin))?.Checkpoint ?? last).Size >= newest.Checkpoint.Size && await witness.LastAsync(newest.Checkpoint.Origin) is not null,
            TimeSpan.FromSeconds(60), () => $"the witness has not seen {newest.Checkpoint}\n{witness.Output}");
        return last;
    }

    private static Task ReadySaysAsync(Appliance appliance, string reason)
    {
        var said = "";
        return Eventually.TrueAsync(
            async () => await appliance.ReadyStatusAsync() is not null && (said = (await appliance.Http().ExchangeAsync(Requests.Get("/readyz")))?.Text ?? "").Contains(reason, StringComparison.Ordinal),
            TimeSpan.FromSeconds(90), () => $"/readyz does not say '{reason}': {said}\n{appliance.Output}");
    }

    private static async Task CopyAsync(string from, string to) => (await Tool.RunAsync("cp", ["-a", from, to])).MustSucceed();
}
