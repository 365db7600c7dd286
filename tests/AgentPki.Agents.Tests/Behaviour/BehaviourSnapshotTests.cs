using System.Net;
using System.Security.Cryptography;
using AgentPki.Agents.Behaviour;
using Xunit;

namespace AgentPki.Agents.Tests.Behaviour;

public sealed class BehaviourSnapshotTests
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Read_OfWhatWasWritten_FindsWhatTheFirstWouldFind()
    {
        var events = Enumerable.Range(0, 12).SelectMany(i => new Trace.TraceAgent($"spiffe://watch.test/agent/{i}", (Trace.AgentKind)(i % 6), i, new Trace.Draw((ulong)i + 1)) is var agent
            ? Enumerable.Range(0, 20).SelectMany(day => agent.NormalDay(Monday.AddDays(day), day)) : []).OrderBy(e => e.Time).ToArray();
        var first = new BehaviourModel(BehaviourSettings.Default);
        foreach (var seen in events)
        {
            first.Observe(seen);
        }

        var second = Read(Written(first));
        var later = Monday.AddDays(20);
        var after = events.Take(2000).Select(e => e with { Time = later + (e.Time - Monday), Address = IPAddress.Parse("203.0.113.7") })
            .Concat(Enumerable.Range(0, 200).Select(i => new BehaviourEvent(later.AddDays(3).AddSeconds(i), "spiffe://watch.test/agent/1", BehaviourKind.Denied))).ToArray();
        var (found, foundAgain) = (after.SelectMany(e => first.Observe(e)).Select(f => f.Explain()).ToArray(), after.SelectMany(e => second.Observe(e)).Select(f => f.Explain()).ToArray());

        Assert.NotEmpty(found);
        Assert.Equal(found, foundAgain);
        Assert.Equal(12, second.Agents);
    }

    [Fact]
    public void Read_WhereFewerAreRemembered_ForgetsThoseThatWereSilentLongest()
    {
        var model = new BehaviourModel(BehaviourSettings.Default);
        for (var i = 0; i < 9; i++)
        {
            model.Observe(new BehaviourEvent(Monday.AddSeconds(i), $"a{i % 5}", BehaviourKind.Denied));
        }

        var few = Read(Written(model), BehaviourSettings.Default with { MaximumAgents = 2 });

        // a3 was the last, with two, and a2 before it; a4 is forgotten, and what it is denied now is its first.
        Assert.Equal((2, 3u, 1u), (few.Agents, Denied(few, "a3").Count, Denied(few, "a4").Count));
    }

    [Fact]
    public void Read_AnyOctetOtherThanItWasWritten_IsRefused()
    {
        var written = Written(Small());
        for (var at = 0; at < written.Length; at++)
        {
            var damaged = (byte[])written.Clone();
            damaged[at] ^= 0x10;
            Assert.Equal("it is damaged", WhyNot(damaged));
        }
    }

    [Fact]
    public void Read_CutShort_IsRefused()
    {
        var written = Written(Small());
        for (var length = 0; length < written.Length; length += 7)
        {
            Assert.Equal("it is damaged", WhyNot(written[..length]));
        }
    }

    [Fact]
    public void Read_WholeByItsChecksumAndNonsense_IsRefusedAndThrowsNothing()
    {
        var written = Written(Small());
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < written.Length - SHA256.HashSizeInBytes; at++)
        {
            foreach (var octet in (byte[])[0x00, 0x7F, 0x80, 0xFF])
            {
                var forged = (byte[])written.Clone();
                forged[at] = octet;
                outcomes.Add(WhyNot(Sealed(forged)) ?? "read");
            }
        }

        Assert.Contains("another version wrote it", outcomes);
        Assert.Contains(outcomes, o => o.Contains("cannot be understood", StringComparison.Ordinal));
        Assert.DoesNotContain("it is damaged", outcomes);
    }

    [Fact]
    public void Read_OtherWindows_AreLearntAnew()
    {
        var rules = BehaviourSettings.Default.Rules.SetItem((int)Detector.Burst, BehaviourSettings.Default.Of(Detector.Burst) with { Window = TimeSpan.FromSeconds(30) });
        Assert.StartsWith("burst was counted in another window", WhyNot(Written(Small()), BehaviourSettings.Default with { Rules = rules }), StringComparison.Ordinal);
    }

    [Fact, Trait("tier", "full")]
    public void Write_HundredThousandAgentsThatAreFull_IsReadAgain_AndOfBoundedSize()
    {
        var model = new BehaviourModel(BehaviourSettings.Default);
        for (var agent = 0; agent < 100_000; agent++)
        {
            for (var i = 0; i < 130; i++)
            {
                model.Observe(new BehaviourEvent(Monday.AddSeconds(i), $"spiffe://watch.test/agent/{agent}", BehaviourKind.Permitted) { Resource = $"res/{i}", Address = new IPAddress([10, 0, (byte)(i % 20), 1]) });
            }
        }

        using var file = new FileStream(Path.GetTempFileName(), new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose, BufferSize = 1 << 16 });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        BehaviourSnapshot.Write(model, file);
        var written = clock.Elapsed;
        Assert.True(BehaviourSnapshot.TryRead(file, BehaviourSettings.Default, out var again, out var whyNot), whyNot);
        TestContext.Current.TestOutputHelper?.WriteLine($"{file.Length / 100_000} octets an agent, written in {written.TotalMilliseconds:0} ms, read in {(clock.Elapsed - written).TotalMilliseconds:0} ms");

        Assert.Equal(100_000, again.Agents);
        Assert.InRange(file.Length, 100_000 * 1_000L, 100_000 * 2_500L);
    }

    private static BehaviourModel Small()
    {
        var model = new BehaviourModel(BehaviourSettings.Default);
        for (var i = 0; i < 20; i++)
        {
            model.Observe(new BehaviourEvent(Monday.AddHours(i * 9), "spiffe://watch.test/agent/a", BehaviourKind.Permitted) { Resource = $"res/{i}", Address = IPAddress.Parse("10.1.2.3") });
        }

        return model;
    }

    private static Finding Denied(BehaviourModel model, string agent)
    {
        model.Use(model.Settings with { Rules = model.Settings.Rules.SetItem((int)Detector.Refusals, model.Settings.Of(Detector.Refusals) with { Bound = 1 }) });
        return Assert.Single(model.Observe(new BehaviourEvent(Monday.AddSeconds(20), agent, BehaviourKind.Denied)));
    }

    private static byte[] Written(BehaviourModel model)
    {
        using var stream = new MemoryStream();
        BehaviourSnapshot.Write(model, stream);
        return stream.ToArray();
    }

    private static byte[] Sealed(byte[] snapshot)
    {
        SHA256.HashData(snapshot.AsSpan(0, snapshot.Length - SHA256.HashSizeInBytes), snapshot.AsSpan(snapshot.Length - SHA256.HashSizeInBytes));
        return snapshot;
    }

    private static BehaviourModel Read(byte[] snapshot, BehaviourSettings? settings = null)
    {
        Assert.True(BehaviourSnapshot.TryRead(new MemoryStream(snapshot), settings ?? BehaviourSettings.Default, out var model, out var whyNot), whyNot);
        return model;
    }

    private static string? WhyNot(byte[] snapshot, BehaviourSettings? settings = null) =>
        BehaviourSnapshot.TryRead(new MemoryStream(snapshot), settings ?? BehaviourSettings.Default, out _, out var whyNot) ? null : whyNot;
}
