using AgentPki.Testing.Acme;

namespace AgentPki.Integration.Harness;

/// <summary>Where a development appliance looks when it validates: two ports of this machine for names under <c>.test</c>, and a DNS server of the test.</summary>
internal sealed class AcmeTargets : IAsyncDisposable
{
    public AcmeTargets() => (Http01Port, TlsAlpnPort) = FreePorts.Pair();

    public int Http01Port { get; }

    public int TlsAlpnPort { get; }

    public LoopbackDns Dns { get; } = LoopbackDns.Start();

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["AGENTPKI_ACME_HTTP01_PORT"] = $"{Http01Port}",
        ["AGENTPKI_ACME_TLSALPN_PORT"] = $"{TlsAlpnPort}",
        ["AGENTPKI_ACME_RESOLVER"] = $"{Dns.EndPoint}",
    };

    public ValueTask DisposeAsync() => Dns.DisposeAsync();
}
