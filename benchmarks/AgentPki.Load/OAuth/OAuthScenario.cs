using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Load.Driving;
using AgentPki.Load.Est;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.OAuth;

/// <param name="Introspects">Ask about tokens instead of for them.</param>
/// <param name="UserAndPassword">What the agents enrol with, over EST.</param>
/// <param name="Agents">How many, which the connections share in turn.</param>
/// <param name="Tokens">How many are asked about, of all agents in turn. They live for minutes: a longer run finds them inactive.</param>
internal sealed record OAuthOptions(LoopbackTarget Server, bool Introspects, string UserAndPassword, string UriTemplate, int Agents, int Tokens, int SampleEvery);

/// <summary>Access tokens by certificate (RFC 8705) from the token endpoint, or their introspection (RFC 7662).</summary>
internal sealed class OAuthScenario(OAuthOptions options, TlsSettings tls, TextWriter progress)
{
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    internal Report Run(RunPlan plan, ServerProcess? server, CancellationToken cancellationToken)
    {
        progress.WriteLine($"enrolling {options.Agents} agents …");
        TokenClient[] clients = [.. Enumerable.Range(0, options.Agents).Select(Enrol)];
        var samples = new TokenSamples();
        List<(TokenClient Holder, string Token)> tokens = options.Introspects ? [.. Enumerable.Range(0, options.Tokens).Select(i => (clients[i % clients.Length], clients[i % clients.Length].Obtain()))] : [];
        List<Conversation> conversations = [.. Enumerable.Range(0, plan.Connections).Select<int, Conversation>(i => options.Introspects
            ? new IntrospectionConversation(clients[i % clients.Length], tokens, i * 7)
            : new TokenConversation(clients[i % clients.Length], samples, options.SampleEvery))];
        progress.WriteLine($"running: {plan.WarmUp.TotalSeconds:F0} s warm-up, then at most {plan.Duration.TotalSeconds:F0} s …");
        Measurement measured = new LoadRun(plan, server).Execute(conversations, cancellationToken);
        string scenario = options.Introspects ? $"OAuth introspection, mTLS, {tokens.Count} tokens of {clients.Length} agents" : $"OAuth client_credentials, mTLS, {clients.Length} agents";
        IReadOnlyList<string> checks = options.Introspects ? [] : samples.Judge(Keys());
        return new Report(scenario, $"{options.Server.Host}:{options.Server.EndPoint.Port}", plan, measured, checks, options.Introspects || samples.Sound);
    }

    private TokenClient Enrol(int number)
    {
        string id = $"load-{_run}-{number}";
        X509Certificate2 certificate = AgentEnrollment.Enrol(
            options.Server.WithPath("/.well-known/est/simpleenroll"), tls, RequestBytes.Basic(options.UserAndPassword), AgentName.FromTemplate(options.UriTemplate, id, commonName: false));
        return new TokenClient(options.Server, tls, certificate, options.UriTemplate.Replace("{id}", id, StringComparison.Ordinal));
    }

    private byte[] Keys()
    {
        LoopbackTarget target = options.Server.WithPath("/oauth/jwks");
        using HttpConnection connection = HttpConnection.Open(target, tls);
        HttpAnswer answer = connection.Exchange(RequestBytes.Get(target));
        return answer.Status == 200 ? answer.Body.ToArray() : throw new LoadException($"GET {target.PathAndQuery} answered {answer.Status}.");
    }
}
