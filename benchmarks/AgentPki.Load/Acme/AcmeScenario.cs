using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.Acme;

/// <param name="Directory">The directory's URL.</param>
/// <param name="Accounts">Connections share them in turn.</param>
/// <param name="Pool">Names and requests made before the clock starts, over all connections.</param>
internal sealed record AcmeOptions(LoopbackTarget Directory, int Accounts, int Http01Port, int Pool);

/// <summary>What the directory says (RFC 8555 §7.1.1), and nonces from newNonce.</summary>
internal sealed class AcmeDirectory(LoopbackTarget target, TlsSettings tls)
{
    internal required string NewNonce { get; init; }

    internal required string NewAccount { get; init; }

    internal required string NewOrder { get; init; }

    internal static AcmeDirectory Read(LoopbackTarget target, TlsSettings tls)
    {
        using HttpConnection connection = HttpConnection.Open(target, tls);
        HttpAnswer answer = connection.Exchange(RequestBytes.Get(target));
        if (answer.Status != 200)
            throw new LoadException($"GET {target.PathAndQuery} answered {answer.Status}.");
        using JsonDocument json = JsonDocument.Parse(answer.Body);
        string Url(string name) => json.RootElement.GetProperty(name).GetString() ?? throw new LoadException($"The directory has no {name}.");
        return new AcmeDirectory(target, tls) { NewNonce = Url("newNonce"), NewAccount = Url("newAccount"), NewOrder = Url("newOrder") };
    }

    internal string FreshNonce()
    {
        using HttpConnection connection = HttpConnection.Open(target, tls);
        HttpAnswer answer = connection.Exchange(RequestBytes.Get(target.WithPath(new Uri(NewNonce).PathAndQuery)));
        return Encoding.ASCII.GetString(HttpConnection.HeaderValue(answer.Head.Span, "replay-nonce"u8));
    }
}

/// <summary>ACME over TLS, the whole flow of each certificate, http-01 really validated.</summary>
internal sealed class AcmeScenario(AcmeOptions options, TlsSettings tls, TextWriter progress)
{
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    internal Report Run(RunPlan plan, ServerProcess? server, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = AcmeDirectory.Read(options.Directory, tls);
        AcmeSigner[] accounts = [.. Enumerable.Range(0, options.Accounts).Select(_ => Register(directory))];
        int each = Math.Max(1, options.Pool / plan.Connections);
        progress.WriteLine($"preparing {each * plan.Connections} requests for {plan.Connections} connections and {accounts.Length} accounts …");
        using var responder = new ChallengeResponder(options.Http01Port);
        var issued = new IssuedChains(tls.Roots);
        var conversations = new List<Conversation>();
        for (int i = 0; i < plan.Connections; i++)
            conversations.Add(new AcmeConversation(options.Directory, tls, accounts[i % accounts.Length], directory, responder, issued, Wishes(i, each)));
        progress.WriteLine($"running: {plan.WarmUp.TotalSeconds:F0} s warm-up, then at most {plan.Duration.TotalSeconds:F0} s …");
        Measurement measured = new LoadRun(plan, server).Execute(conversations, cancellationToken);
        IReadOnlyList<string> checks = issued.Judge();
        return new Report($"ACME, whole flow, http-01, {accounts.Length} account(s), P-256", $"{options.Directory.Host}:{options.Directory.EndPoint.Port}", plan, measured, checks, issued.Sound);
    }

    private AcmeSigner Register(AcmeDirectory directory)
    {
        var signer = new AcmeSigner();
        using HttpConnection connection = HttpConnection.Open(options.Directory, tls);
        HttpAnswer answer = connection.Exchange(signer.Post(options.Directory, directory.NewAccount, directory.FreshNonce(), "{\"termsOfServiceAgreed\":true}"));
        if (answer.Status != 201)
            throw new LoadException($"newAccount answered {answer.Status}: {Encoding.UTF8.GetString(answer.Body.Span)}");
        signer.Account = Encoding.ASCII.GetString(HttpConnection.HeaderValue(answer.Head.Span, "location"u8));
        return signer;
    }

    // A name once: one that was proven within the last hour would not be proven again.
    private AcmeWish[] Wishes(int connection, int count)
    {
        var wishes = new AcmeWish[count];
        Parallel.For(0, count, i =>
        {
            string name = $"n{i}.c{connection}.load-{_run}.test";
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
            wishes[i] = new AcmeWish(name, Base64Url.EncodeToString(request.CreateSigningRequest()), key.ExportSubjectPublicKeyInfo());
        });
        return wishes;
    }
}
