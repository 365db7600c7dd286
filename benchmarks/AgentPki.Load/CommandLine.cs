using System.CommandLine;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Load.Acme;
using AgentPki.Load.Driving;
using AgentPki.Load.Est;
using AgentPki.Load.Http;
using AgentPki.Load.OAuth;
using AgentPki.Load.Propagation;
using AgentPki.Load.Reporting;
using AgentPki.Load.Status;

namespace AgentPki.Load;

/// <summary>The verbs <c>est</c>, <c>acme</c>, <c>oauth</c>, <c>ocsp</c>, <c>crl</c>, <c>get</c>, <c>propagation</c> and their options.</summary>
internal sealed class CommandLine
{
    private readonly Option<string> _url = new("--url") { Required = true, Description = "Loopback URL of the server." };
    private readonly Option<FileInfo?> _ca = new("--ca") { Description = "PEM file of the root that the server's TLS certificate must chain to." };
    private readonly Option<int> _connections = new("--connections") { DefaultValueFactory = _ => 16, Description = "Connections at once." };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 15, Description = "Measured time at most." };
    private readonly Option<double> _warmUp = new("--warmup") { DefaultValueFactory = _ => 5, Description = "Seconds before measuring starts." };
    private readonly Option<long> _count = new("--count") { DefaultValueFactory = _ => RunPlan.MaximumCount, Description = "Measured exchanges at most." };
    private readonly Option<string> _mode = new("--mode") { DefaultValueFactory = _ => "keepalive", Description = "keepalive, or new-connection for every exchange." };
    private readonly Option<bool> _resume = new("--resume") { Description = "Allow TLS session resumption (off: every handshake is a full one)." };
    private readonly Option<string> _tls = new("--tls") { DefaultValueFactory = _ => "1.3", Description = "TLS version: 1.2 or 1.3." };
    private readonly Option<int[]> _serverPid = new("--server-pid") { Description = "Process whose processor time and memory are reported; repeated, the sum (a proxy and the server behind it)." };
    private readonly Option<bool> _json = new("--json") { Description = "Report as JSON." };
    private readonly Option<FileInfo?> _certificate = new("--cert") { Description = "PEM file of a client certificate." };
    private readonly Option<FileInfo?> _key = new("--key") { Description = "PEM file of its private key." };

    internal RootCommand Build()
    {
        _mode.AcceptOnlyFromAmong("keepalive", "new-connection");
        _tls.AcceptOnlyFromAmong("1.2", "1.3");
        return new RootCommand("Load generator for an AgentPki on this machine. Example:\n  agentpki-load est --url https://localhost:8443 --ca .agentpki/anchors/root.pem --userpass @.agentpki/dev/enroll-token --auth mtls --server-pid 4711")
        {
            Est(), Acme(), OAuth(), Ocsp(), Crl(), Get(), Propagation(),
        };
    }

    private Command Est()
    {
        var userpass = new Option<string?>("--userpass") { Description = "name:secret for HTTP Basic, or @file with that line." };
        var auth = new Option<string>("--auth") { DefaultValueFactory = _ => "mtls", Description = "mtls or basic." };
        auth.AcceptOnlyFromAmong("mtls", "basic");
        var operation = new Option<string?>("--operation") { Description = "simpleenroll or simplereenroll (default: simplereenroll with mtls, else simpleenroll)." };
        operation.AcceptOnlyFromAmong("simpleenroll", "simplereenroll");
        var label = new Option<string?>("--label") { Description = "EST label (path segment that chooses the profile)." };
        var uri = new Option<string>("--san-uri") { DefaultValueFactory = _ => "spiffe://agents.localhost/agent/load/{id}", Description = "URI name of new agents; {id} is replaced." };
        var commonName = new Option<bool>("--common-name") { Description = "Ask for a common name too." };
        var pool = new Option<int>("--pool") { DefaultValueFactory = _ => 20_000, Description = "Requests made before the clock starts." };
        var sample = new Option<int>("--sample-every") { DefaultValueFactory = _ => 50, Description = "Verify every n-th certificate in full afterwards." };
        var command = new Command("est", "Enrol over EST (RFC 7030).")
        {
            _url, _ca, userpass, auth, operation, label, uri, commonName, pool, sample, _certificate, _key,
            _connections, _seconds, _warmUp, _count, _mode, _resume, _tls, _serverPid, _json,
        };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () =>
        {
            bool mtls = parsed.GetValue(auth) == "mtls";
            var options = new EstOptions(
                LoopbackTarget.Parse(parsed.GetRequiredValue(_url)),
                parsed.GetValue(label),
                parsed.GetValue(operation) ?? (mtls ? "simplereenroll" : "simpleenroll"),
                mtls ? EstAuthentication.Mtls : EstAuthentication.Basic,
                Secret(parsed.GetValue(userpass)),
                Identity(parsed),
                parsed.GetRequiredValue(uri),
                parsed.GetValue(commonName),
                Math.Clamp(parsed.GetValue(pool), 1, 500_000),
                Math.Max(1, parsed.GetValue(sample)));
            return new EstScenario(options, Tls(parsed) ?? throw new LoadException("--ca root.pem is needed."), Console.Error).Run(Plan(parsed), Server(parsed), ct);
        })));
        return command;
    }

    private Command Acme()
    {
        var accounts = new Option<int>("--accounts") { DefaultValueFactory = _ => 16, Description = "Accounts, which the connections share in turn." };
        var port = new Option<int>("--http01-port") { DefaultValueFactory = _ => 5002, Description = "Where this generator answers http-01: the server's AGENTPKI_ACME_HTTP01_PORT." };
        var pool = new Option<int>("--pool") { DefaultValueFactory = _ => 20_000, Description = "Names and requests made before the clock starts." };
        var command = new Command("acme", "Obtain certificates over ACME (RFC 8555), the whole flow of each. --url is the directory's.")
        {
            _url, _ca, accounts, port, pool, _connections, _seconds, _warmUp, _count, _mode, _resume, _tls, _serverPid, _json,
        };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () =>
        {
            var options = new AcmeOptions(
                LoopbackTarget.Parse(parsed.GetRequiredValue(_url)), Math.Clamp(parsed.GetValue(accounts), 1, 10_000), parsed.GetValue(port), Math.Clamp(parsed.GetValue(pool), 1, 500_000));
            return new AcmeScenario(options, Tls(parsed) ?? throw new LoadException("--ca root.pem is needed."), Console.Error).Run(Plan(parsed), Server(parsed), ct);
        })));
        return command;
    }

    private Command OAuth()
    {
        var operation = new Option<string>("--operation") { DefaultValueFactory = _ => "token", Description = "token: ask for access tokens; introspect: ask about them." };
        operation.AcceptOnlyFromAmong("token", "introspect");
        var userpass = new Option<string>("--userpass") { Required = true, Description = "name:secret that agents enrol with, or @file with that line." };
        var uri = new Option<string>("--san-uri") { DefaultValueFactory = _ => "spiffe://agents.localhost/agent/load/{id}", Description = "URI name of the agents; {id} is replaced." };
        var agents = new Option<int>("--agents") { DefaultValueFactory = _ => 16, Description = "Agents, which the connections share in turn." };
        var tokens = new Option<int>("--tokens") { DefaultValueFactory = _ => 256, Description = "Tokens that are asked about (they live for minutes)." };
        var sample = new Option<int>("--sample-every") { DefaultValueFactory = _ => 50, Description = "Verify every n-th token in full afterwards." };
        var command = new Command("oauth", "Ask for access tokens by certificate (RFC 8705), or about them (RFC 7662).")
        {
            _url, _ca, operation, userpass, uri, agents, tokens, sample, _connections, _seconds, _warmUp, _count, _mode, _resume, _tls, _serverPid, _json,
        };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () =>
        {
            var options = new OAuthOptions(
                LoopbackTarget.Parse(parsed.GetRequiredValue(_url)), parsed.GetValue(operation) == "introspect", Secret(parsed.GetRequiredValue(userpass)) ?? "", parsed.GetRequiredValue(uri),
                Math.Clamp(parsed.GetValue(agents), 1, 10_000), Math.Clamp(parsed.GetValue(tokens), 1, 10_000), Math.Max(1, parsed.GetValue(sample)));
            return new OAuthScenario(options, Tls(parsed) ?? throw new LoadException("--ca root.pem is needed."), Console.Error).Run(Plan(parsed), Server(parsed), ct);
        })));
        return command;
    }

    private Command Ocsp()
    {
        var issuer = new Option<FileInfo>("--issuer") { Required = true, Description = "PEM file of the issuing CA's certificate (the first one in it)." };
        var subjects = new Option<FileInfo[]>("--subject") { Required = true, Description = "PEM files of the certificates to ask about." };
        var method = new Option<string>("--method") { DefaultValueFactory = _ => "post", Description = "get or post." };
        method.AcceptOnlyFromAmong("get", "post");
        var command = new Command("ocsp", "Ask an OCSP responder (RFC 6960).") { _url, issuer, subjects, method, _connections, _seconds, _warmUp, _count, _mode, _serverPid, _json };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () => StatusScenarios.Ocsp(
            LoopbackTarget.Parse(parsed.GetRequiredValue(_url)), parsed.GetValue(method) == "post", Pem(parsed.GetRequiredValue(issuer))[0],
            [.. parsed.GetRequiredValue(subjects).SelectMany(Pem)], Plan(parsed), Server(parsed), ct))));
        return command;
    }

    private Command Crl()
    {
        var command = new Command("crl", "Fetch a CRL again and again.") { _url, _connections, _seconds, _warmUp, _count, _mode, _serverPid, _json };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () => StatusScenarios.CertificateList(
            LoopbackTarget.Parse(parsed.GetRequiredValue(_url)), Plan(parsed), Server(parsed), ct))));
        return command;
    }

    private Command Get()
    {
        var command = new Command("get", "Fetch any resource; with --mode new-connection over TLS it measures the handshake.")
        {
            _url, _ca, _certificate, _key, _connections, _seconds, _warmUp, _count, _mode, _resume, _tls, _serverPid, _json,
        };
        command.SetAction((parsed, ct) => Task.FromResult(Guarded(parsed, () => StatusScenarios.Resource(
            LoopbackTarget.Parse(parsed.GetRequiredValue(_url)), Tls(parsed), Plan(parsed), Server(parsed), ct))));
        return command;
    }

    private Command Propagation()
    {
        var socket = new Option<FileInfo>("--admin-socket") { Required = true, Description = "The appliance's admin socket, for example .agentpki/admin.sock." };
        var issuer = new Option<FileInfo>("--issuer") { Required = true, Description = "PEM file of the issuing CA's certificate (the first one in it)." };
        var select = new Option<string?>("--select") { Description = "Members of a revocation's JSON that select, for example '\"owner\":\"team-b\",\"confirmed\":100000' (default: the serial number of --cert)." };
        var guard = new Option<string?>("--guard") { Description = "URL of a guard that lets --cert in." };
        var subscribers = new Option<int>("--subscribers") { DefaultValueFactory = _ => 100, Description = "Subscribers that read the stream, each with a connection of its own." };
        var followers = new Option<int>("--followers") { DefaultValueFactory = _ => 4, Description = "Relying parties with the client library, which verify it." };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 20, Description = "Rounds: a hold, measured, and its release." };
        var pause = new Option<double>("--pause") { DefaultValueFactory = _ => 0.5, Description = "Seconds between rounds." };
        var command = new Command("propagation", "Measure how long it takes from a revocation's commit until relying parties refuse: feed, client library, OCSP, guard.")
        {
            _url, socket, _ca, issuer, _certificate, _key, select, guard, subscribers, followers, rounds, pause, _serverPid,
        };
        command.SetAction(async (parsed, ct) =>
        {
            try
            {
                X509Certificate2 probe = Identity(parsed) ?? throw new LoadException("--cert and --key of an agent are needed.");
                TlsSettings tls = Tls(parsed) ?? throw new LoadException("--ca root.pem is needed.");
                string url = parsed.GetRequiredValue(_url);
                var options = new PropagationOptions(
                    LoopbackTarget.Parse(url), new Uri(url), parsed.GetRequiredValue(socket).FullName, parsed.GetValue(select) ?? $"\"serial\":\"{probe.SerialNumber}\"", probe,
                    Pem(parsed.GetRequiredValue(issuer))[0], AgentPki.X509.Certificates.Certificate.Parse(tls.Roots[0].RawData),
                    parsed.GetValue(guard) is { } door ? LoopbackTarget.Parse(door) : null, tls,
                    Math.Clamp(parsed.GetValue(subscribers), 0, 100_000), Math.Clamp(parsed.GetValue(followers), 0, 1000), Math.Clamp(parsed.GetValue(rounds), 1, 10_000), TimeSpan.FromSeconds(parsed.GetValue(pause)));
                return await new PropagationScenario(options, Server(parsed), Console.Error).RunAsync(ct);
            }
            catch (Exception e) when (e is LoadException or IOException or System.Net.Sockets.SocketException or HttpRequestException or TimeoutException or AuthenticationException)
            {
                Console.Error.WriteLine($"agentpki-load: {e.Message}");
                return 2;
            }
        });
        return command;
    }

    private int Guarded(ParseResult parsed, Func<Report> run)
    {
        try
        {
            Report report = run();
            Console.Out.WriteLine(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
            return report.Sound ? 0 : 1;
        }
        catch (Exception e) when (e is LoadException or IOException or System.Net.Sockets.SocketException or AuthenticationException or System.Security.Cryptography.CryptographicException)
        {
            Console.Error.WriteLine($"agentpki-load: {e.Message}");
            return 2;
        }
    }

    private RunPlan Plan(ParseResult parsed) => new RunPlan(
        parsed.GetValue(_connections), TimeSpan.FromSeconds(parsed.GetValue(_warmUp)), TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
        parsed.GetValue(_count), parsed.GetValue(_mode) == "new-connection").Checked();

    private ServerProcess? Server(ParseResult parsed) => parsed.GetValue(_serverPid) is { Length: > 0 } pids ? new ServerProcess(pids) : null;

    private TlsSettings? Tls(ParseResult parsed) => parsed.GetValue(_ca) is { } ca
        ? new TlsSettings(Pem(ca), Identity(parsed), parsed.GetValue(_resume), parsed.GetValue(_tls) == "1.2" ? SslProtocols.Tls12 : SslProtocols.Tls13)
        : null;

    private X509Certificate2? Identity(ParseResult parsed) => parsed.GetValue(_certificate) is { } certificate
        ? X509Certificate2.CreateFromPemFile(certificate.FullName, parsed.GetValue(_key)?.FullName)
        : null;

    private static X509Certificate2Collection Pem(FileInfo file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file.FullName);
        return certificates.Count > 0 ? certificates : throw new LoadException($"{file.Name} holds no certificate.");
    }

    private static string? Secret(string? given) => given is ['@', .. string file] ? File.ReadAllText(file).Trim() : given;
}
