using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

public sealed class MetricsTests(FaultyModule module) : FaultTestBase(module)
{
    [Fact]
    public async Task Meter_SignaturesFailuresAndBreaker_AreSeen()
    {
        var seen = new ConcurrentBag<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "AgentPki.Pkcs11")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((i, v, tags, _) => seen.Add((i.Name, v, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => seen.Add((i.Name, v, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<int>((i, v, tags, _) => seen.Add((i.Name, v, new(tags.ToArray()))));
        listener.Start();

        var (_, key) = await KeyAsync(Module.Token() with { Name = "metered", BreakerPause = TimeSpan.FromMinutes(1), BreakerLongestPause = TimeSpan.FromMinutes(1) });
        await AssertSigns(key);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        for (var i = 0; i < 3; i++)
        {
            await AssertUnavailable(key);
        }

        listener.RecordObservableInstruments();
        var mine = seen.Where(m => (string?)m.Tags["token"] == "metered").ToList();
        Assert.Contains(mine, m => m.Name == "agentpki.pkcs11.operation.duration" && (string?)m.Tags["operation"] == "sign" && m.Value > 0);
        Assert.Equal(3, mine.Count(m => m.Name == "agentpki.pkcs11.errors" && (string?)m.Tags["ckr"] == "CKR_DEVICE_ERROR" && (string?)m.Tags["call"] == "C_SignInit"));
        Assert.Contains(mine, m => m.Name == "agentpki.pkcs11.breaker.state" && (int)m.Value == (int)BreakerState.Open);
        Assert.Contains(mine, m => m.Name == "agentpki.pkcs11.sessions.in_use");
    }

    [Fact]
    public async Task SignAsync_QueueFull_TurnsAwayAtOnce()
    {
        var (_, key) = await KeyAsync(Module.Token(sessions: 1, deadline: 20) with { MaxQueued = 3 });
        var before = Module.Count("C_Sign");
        Module.Hang("C_Sign", times: 1);
        var begun = key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel).AsTask();
        await Eventually.True(() => Module.Count("C_Sign") > before, "it has begun");
        var queued = Enumerable.Range(0, 3).Select(_ => key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel).AsTask()).ToList();
        var refused = await AssertUnavailable(key);
        Assert.Contains("3 operations waiting", refused.Message, StringComparison.Ordinal);
        Module.Reset();
        Assert.All(await Task.WhenAll([begun, .. queued]), Assert.NotEmpty);
    }
}
