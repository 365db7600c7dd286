using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Integration.Harness;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Witnessing;

namespace AgentPki.Integration.Witnessing;

/// <summary>A witness that is killed, whose disk is full, whose clock jumps, whom somebody sends nonsense: it never says two things of one log.</summary>
[Trait("tier", "full")]
public sealed class WitnessFaultTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kill_AgainAndAgain_NeverSignsTwoRootsOfOneSizeNorGoesBack()
    {
        const int Rounds = 25;
        var log = await ToyLog.NewAsync(4000);
        var forked = log.Fork(1);
        await using var witness = await WitnessProcess.StartNewAsync();
        await witness.WatchAsync(log.Key.ToString());
        var signed = new ConcurrentDictionary<long, string>();
        var (largest, interrupted) = (0L, 0);
        for (var round = 0; round < Rounds; round++)
        {
            // Three senders go forward by small steps; one of them lies, from a log that differs from the second leaf on.
            using var stop = new CancellationTokenSource();
            var senders = ((ToyLog[])[log, log, forked]).Select(sender => Task.Run(() => SendAsync(witness, sender, signed, stop.Token), Cancelled)).ToList();
            await Task.Delay(RandomNumberGenerator.GetInt32(20, 500), Cancelled);
            await witness.KillAsync();
            await stop.CancelAsync();
            interrupted += (await Task.WhenAll(senders)).Sum();
            await witness.StartAsync();

            // What was said is remembered, and what is remembered was not gone back from.
            if (!signed.IsEmpty)
            {
                var last = await witness.LastAsync(log.Origin);
                Assert.NotNull(last);
                Assert.True(last.Checkpoint.Size >= Math.Max(largest, signed.Keys.Max()), $"round {round}: it remembers {last.Checkpoint.Size} and has signed {signed.Keys.Max()}, and {largest} before");
                Assert.True(signed.GetOrAdd(last.Checkpoint.Size, last.Checkpoint.Root.ToBase64()) == last.Checkpoint.Root.ToBase64(), $"round {round}: two roots of {last.Checkpoint.Size}");
                largest = last.Checkpoint.Size;
            }
        }

        // All of one log: the honest one or, had it come first, the other.
        Assert.True(interrupted > 0, "no kill met a submission under way");
        Assert.True(signed.Count > Rounds, $"only {signed.Count} heads were cosigned");
        Assert.Single((ToyLog[])[log, forked], sender => signed.Where(s => s.Key > 1).All(s => sender.Head((int)s.Key).Root.ToBase64() == s.Value));
    }

    [Fact]
    public async Task Disk_Full_NothingIsSignedUntilItIsFree()
    {
        using var folder = new TempFolder();
        var (flag, shim) = (folder.File("full"), folder.File("nospace.so"));
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, Path.Combine(SourceTree.Foreign, "nospace.c"), "-ldl"])).MustSucceed();
        await using var witness = await WitnessProcess.StartNewAsync(environment: new Dictionary<string, string> { ["LD_PRELOAD"] = shim, ["NOSPACE_FLAG"] = flag });
        var log = await ToyLog.NewAsync(20);
        await witness.WatchAsync(log.Key.ToString());
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 7)))?.Status);

        await File.WriteAllTextAsync(flag, "", Cancelled);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await witness.AddAsync(await log.RequestAsync(7, 10 + i)))?.Status);
            Assert.Equal(7, (await witness.LastAsync(log.Origin))?.Checkpoint.Size);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await witness.GetAsync("readyz"))?.Status);
        File.Delete(flag);
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(7, 20)))?.Status);
        Assert.Equal(20, (await witness.LastAsync(log.Origin))?.Checkpoint.Size);
    }

    [Fact]
    public async Task Clock_SetBackAnHour_NothingIsSignedUntilItIsRight()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        var log = await ToyLog.NewAsync(20);
        await witness.WatchAsync(log.Key.ToString());
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 7)))?.Status);
        await witness.KillAsync();

        await witness.StartAsync(new Dictionary<string, string> { ["LD_PRELOAD"] = FakeTime(), ["FAKETIME"] = "-1h", ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await witness.AddAsync(await log.RequestAsync(7, 9)))?.Status);
        Assert.Contains("clock", witness.Output, StringComparison.Ordinal);
        await witness.KillAsync();

        // Forward is what clocks do.
        await witness.StartAsync(new Dictionary<string, string> { ["LD_PRELOAD"] = FakeTime(), ["FAKETIME"] = "+2d", ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" });
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(7, 9)))?.Status);
    }

    [Fact]
    public async Task State_Damaged_NothingIsSigned()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        var log = await ToyLog.NewAsync(20);
        await witness.WatchAsync(log.Key.ToString());
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 7)))?.Status);
        var file = Directory.EnumerateFiles(Path.Combine(witness.Home, "logs"), "checkpoint", SearchOption.AllDirectories).Single();
        var text = await File.ReadAllTextAsync(file, Cancelled);

        // Half of it is no memory; forgetting everything would be to begin anew.
        await File.WriteAllTextAsync(file, text[..(text.Length / 2)], Cancelled);
        foreach (var old in (int[])[0, 7])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await witness.AddAsync(await log.RequestAsync(old, 20)))?.Status);
        }

        await File.WriteAllTextAsync(file, text, Cancelled);
        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(7, 20)))?.Status);
    }

    [Fact]
    public async Task SlowAndHalfSubmissions_HoldUpNobody()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        var log = await ToyLog.NewAsync(20);
        await witness.WatchAsync(log.Key.ToString());
        var body = Encoding.UTF8.GetBytes((await log.RequestAsync(0, 7)).ToString());
        var slow = new List<Socket>();
        for (var i = 0; i < 50; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, witness.Port, Cancelled);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n"), Cancelled);
            await socket.SendAsync(body.AsMemory(0, body.Length / 2), Cancelled);
            slow.Add(socket);
        }

        Assert.Equal(HttpStatusCode.OK, (await witness.AddAsync(await log.RequestAsync(0, 9)))?.Status);

        // Their end comes: 408, or the connection is cut.
        foreach (var socket in slow)
        {
            socket.ReceiveTimeout = 30_000;
            var answer = new byte[64];
            var read = await socket.ReceiveAsync(answer, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
            Assert.DoesNotContain("200 OK", Encoding.ASCII.GetString(answer.AsSpan(0, read)), StringComparison.Ordinal);
            socket.Dispose();
        }
    }

    /// <summary>Goes forward from where the witness is, until it is told to stop; how many submissions were cut off.</summary>
    private static async Task<int> SendAsync(WitnessProcess witness, ToyLog log, ConcurrentDictionary<long, string> signed, CancellationToken stop)
    {
        var (old, cut) = (0, 0);
        while (!stop.IsCancellationRequested && old < 3990)
        {
            var request = await log.RequestAsync(old, old + 1 + (old % 3));
            switch (await witness.AddAsync(request))
            {
                case null:
                    cut++;
                    await Task.Delay(10, CancellationToken.None);
                    break;
                case (HttpStatusCode.OK, var text):
                    var head = request.Checkpoint.Checkpoint;
                    Assert.True(witness.Keys[0].Verify(request.Checkpoint.Note.Text, text.Split('\n').Select(SignedNote.TryParseLine).OfType<NoteSignature>().First(witness.Keys[0].Claims), ToyLog.Providers));
                    Assert.True(signed.GetOrAdd(head.Size, head.Root.ToBase64()) == head.Root.ToBase64(), $"two roots of {head.Size} were signed");
                    old = (int)head.Size;
                    break;
                case (HttpStatusCode.Conflict, var size):
                    old = int.Parse(size);
                    break;
                default:
                    // The other log was first: it is refused from there on.
                    await Task.Delay(20, CancellationToken.None);
                    break;
            }
        }

        return cut;
    }

    private static string FakeTime() => new[] { "x86_64", "aarch64" }.Select(machine => $"/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1").First(File.Exists);
}
