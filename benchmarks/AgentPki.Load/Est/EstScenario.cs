using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.Est;

internal enum EstAuthentication
{
    Basic,
    Mtls,
}

/// <param name="Operation"><c>simpleenroll</c> or <c>simplereenroll</c>.</param>
/// <param name="UserAndPassword">HTTP Basic; with mTLS it enrols one agent a connection before the run.</param>
/// <param name="Identity">With mTLS: one given identity for all connections.</param>
/// <param name="UriTemplate">The URI name of new agents; <c>{id}</c> is replaced.</param>
/// <param name="PoolSize">Number of requests made before the clock starts, over all connections.</param>
internal sealed record EstOptions(
    LoopbackTarget Server,
    string? Label,
    string Operation,
    EstAuthentication Authentication,
    string? UserAndPassword,
    X509Certificate2? Identity,
    string UriTemplate,
    bool CommonName,
    int PoolSize,
    int SampleEvery);

/// <summary>EST over TLS (RFC 7030): prepares agents and requests, runs, and judges what was issued.</summary>
internal sealed class EstScenario(EstOptions options, TlsSettings tls, TextWriter progress)
{
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    internal Report Run(RunPlan plan, ServerProcess? server, CancellationToken cancellationToken)
    {
        X509Certificate2[] issuers = FetchIssuers();
        var samples = new IssuedSamples();
        int each = Math.Max(1, options.PoolSize / plan.Connections);
        progress.WriteLine($"preparing {each * plan.Connections} requests for {plan.Connections} connections …");
        var conversations = new List<Conversation>();
        for (int i = 0; i < plan.Connections; i++)
            conversations.Add(options.Authentication == EstAuthentication.Basic ? Stranger(i, each, samples) : Agent(i, each, samples));
        progress.WriteLine($"running: {plan.WarmUp.TotalSeconds:F0} s warm-up, then at most {plan.Duration.TotalSeconds:F0} s …");
        Measurement measured = new LoadRun(plan, server).Execute(conversations, cancellationToken);
        IReadOnlyList<string> checks = samples.Judge(tls.Roots, issuers);
        string scenario = $"EST {options.Operation}, {(options.Authentication == EstAuthentication.Mtls ? "mTLS" : "HTTP Basic")}, P-256";
        return new Report(scenario, $"{options.Server.Host}:{options.Server.EndPoint.Port}", plan, measured, checks, samples.Sound);
    }

    private LoopbackTarget Target(string operation) =>
        options.Server.WithPath("/.well-known/est/" + (options.Label is null ? "" : options.Label + "/") + operation);

    private X509Certificate2[] FetchIssuers()
    {
        LoopbackTarget target = Target("cacerts");
        using HttpConnection connection = HttpConnection.Open(target, tls);
        HttpAnswer answer = connection.Exchange(RequestBytes.Get(target));
        return answer.Status == 200 ? CertsOnly.Load(answer.Body.Span) : throw new LoadException($"GET {target.PathAndQuery} answered {answer.Status}.");
    }

    private EstConversation Stranger(int connection, int each, IssuedSamples samples)
    {
        LoopbackTarget target = Target(options.Operation);
        EnrollmentPool pool = EnrollmentPool.Prepare(target, Authorization(), each, i => NewName(connection, i));
        return new EstConversation(target, tls, pool, samples, options.SampleEvery);
    }

    private EstConversation Agent(int connection, int each, IssuedSamples samples)
    {
        LoopbackTarget target = Target(options.Operation);
        X509Certificate2 identity = options.Identity ?? AgentEnrollment.Enrol(Target("simpleenroll"), tls, Authorization(), NewName(connection, 0));
        AgentName name = AgentName.Of(identity);
        EnrollmentPool pool = EnrollmentPool.Prepare(target, null, each, _ => name);
        return new EstConversation(target, tls.WithClient(identity), pool, samples, options.SampleEvery);
    }

    private AgentName NewName(int connection, int index) =>
        AgentName.FromTemplate(options.UriTemplate, $"load-{_run}-{connection}-{index}", options.CommonName);

    private string Authorization() => RequestBytes.Basic(options.UserAndPassword
        ?? throw new LoadException("--userpass name:secret (or @file) is needed: it is what new agents enrol with."));
}
