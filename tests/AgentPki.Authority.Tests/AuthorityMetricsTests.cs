using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests;

public sealed class AuthorityMetricsTests
{
    [Fact]
    public async Task Instruments_CountWhatHappens_AndLabelsNameNobody()
    {
        var seen = new ConcurrentDictionary<string, double>();
        var labels = new ConcurrentBag<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == AuthorityMetrics.MeterName) { l.EnableMeasurementEvents(instrument); } } };
        void Count(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            seen.AddOrUpdate(name, value, (_, sum) => sum + value);
            foreach (var tag in tags)
            {
                labels.Add($"{tag.Value}");
            }
        }

        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Count(i.Name, value, tags));
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Count(i.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Count(i.Name, value, tags));
        listener.Start();

        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("metrics-secret-name.agents.test");
        await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "b.agents.test"), new Requester.Stranger("192.0.2.77"));
        await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded, "admin:x", "admin", "c"), default);

        // Other tests run beside this one and count too.
        Assert.All(
            new[] { "agentpki.certificates.issued", "agentpki.requests.refused", "agentpki.certificates.revoked", "agentpki.commit.batch", "agentpki.commit.duration", "agentpki.issuance.duration" },
            name => Assert.True(seen.GetValueOrDefault(name) > 0, name));
        Assert.Contains("Unauthenticated", labels);
        Assert.DoesNotContain(labels, l => l.Contains("metrics-secret-name", StringComparison.Ordinal) || l.Contains("192.0.2", StringComparison.Ordinal));
    }
}
