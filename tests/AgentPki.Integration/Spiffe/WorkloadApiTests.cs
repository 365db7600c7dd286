using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;
using AgentPki.Protocols.Spiffe.Wire;
using Grpc.Core;

namespace AgentPki.Integration.Spiffe;

/// <summary>The Workload API of the real server, as <c>agentpki up</c> leaves it: the developer's own processes have an entry.</summary>
public sealed class WorkloadApiTests(SharedAppliance shared)
{
    private const string Agent = "spiffe://agents.localhost/agent/developer";

    [Fact]
    public async Task FetchX509SVID_DevelopersProcess_SvidOfTheToken_UntilTheAgentIsSuspended()
    {
        var appliance = await shared.GetAsync();
        using var client = new WorkloadClient(appliance.Home);
        using var call = client.Api.FetchX509SVID(new X509SVIDRequest(), WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));

        var svid = Assert.Single(call.ResponseStream.Current.Svids);
        Assert.Equal(Agent, svid.SpiffeId);
        AsnDecoder.ReadSequence(svid.X509Svid.Span, AsnEncodingRules.DER, out _, out _, out var length);
        using var leaf = X509CertificateLoader.LoadCertificate(svid.X509Svid.Span[..length]);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(appliance.Anchors());
        chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(svid.X509Svid.Span[length..]));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(leaf));

        // Others share this appliance; nobody else is this agent.
        var suspended = Stopwatch.GetTimestamp();
        await appliance.Cli.RunAsync("agent", "suspend", Agent);
        try
        {
            var ended = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
                {
                    // CRLs of other tests' revocations.
                }
            });
            Assert.Equal(StatusCode.PermissionDenied, ended.StatusCode);
            TestContext.Current.SendDiagnosticMessage($"denied {Stopwatch.GetElapsedTime(suspended).TotalMilliseconds:F0} ms after the command began");
        }
        finally
        {
            await appliance.Cli.RunAsync("agent", "activate", Agent);
        }
    }
}
