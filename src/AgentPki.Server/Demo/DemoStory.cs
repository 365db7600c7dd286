using System.Globalization;
using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Cast;
using AgentPki.Server.Demo.Stage;
using AgentPki.Server.Home;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Demo;

/// <summary>The story, step by step. A step that does not go as told ends it.</summary>
internal sealed class DemoStory(DemoPlace place, Programs programs, DemoStage stage, Operator person, DemoTeller teller, TimeProvider clock)
{
    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly SpiffeId Orchestrator = SpiffeId.Parse($"spiffe://{DefaultConfiguration.TrustDomain}/agent/{DemoFiles.Orchestrator}");
    private readonly Dictionary<string, string> _programs = new(StringComparer.Ordinal);

    /// <returns>How long the slowest agent took to be out of the slowest place.</returns>
    internal async Task<TimeSpan> TellAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        var orchestrator = await EnrolAsync(cancellationToken);
        await GetTaskTokenAsync(orchestrator, cancellationToken);
        var reader = await SpawnAsync(orchestrator, DemoFiles.Reader, DemoFiles.ReaderPolicy(clock.GetUtcNow()), DemoFiles.ReaderScope, cancellationToken);
        var writer = await SpawnAsync(orchestrator, DemoFiles.Writer, DemoFiles.WriterPolicy(clock.GetUtcNow()), DemoFiles.WriterScope, cancellationToken);
        AgentProcess[] family = [orchestrator, reader, writer];
        await WorkAsync(family, writer, cancellationToken);
        await TryMoreAsync(reader, orchestrator, cancellationToken);
        await BurstAsync(reader, writer, cancellationToken);
        var measured = await new DemoRevocation(place, person, teller, clock).RevokeAsync(orchestrator, writer, reader, cancellationToken);
        await HearFromListAsync(family, cancellationToken);
        await stage.StopAsync();
        return measured.Max(m => m.Took);
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        foreach (var name in new[] { DemoFiles.Orchestrator, DemoFiles.Reader, DemoFiles.Writer })
        {
            _programs[name] = programs.MakeProgram(name);
        }

        foreach (var name in new[] { "guard", "tools" })
        {
            Directory.CreateDirectory(place.FolderOf(name));
        }

        teller.Step("An appliance: a token, a root and an issuing CA inside it, policies, and a rule about too many refusals");
        var variables = programs.Variables;
        DemoFiles.Write(place, _programs, variables.GetValueOrDefault);
        teller.Typed("up");
        var appliance = await stage.StartApplianceAsync(cancellationToken);
        teller.Came(string.Create(CultureInfo.InvariantCulture, $"it serves at {place.Pki.OriginalString} (process {appliance})"));

        teller.Step("A tool service, which asks the appliance about every single action, and a guard before it, which knows who is there");
        var toolService = await stage.StartToolServiceAsync(await CredentialAsync("tools", "--subject", "/guard/*"), cancellationToken);
        teller.Came(string.Create(CultureInfo.InvariantCulture, $"the tool service is spiffe://{DefaultConfiguration.TrustDomain}/guard/tools (process {toolService}); it takes no permission without a signed receipt"));
        var (guard, arguments) = await stage.StartGuardAsync(await CredentialAsync("guard"), cancellationToken);
        teller.Typed(arguments);
        teller.Came(string.Create(CultureInfo.InvariantCulture, $"the guard lets agents in at {place.Tools.OriginalString}, with certificate and access token (process {guard})"));
    }

    private async Task<AgentProcess> EnrolAsync(CancellationToken cancellationToken)
    {
        teller.Step("The operator registers an orchestrator, and what it may do at most; it enrols over EST with a secret that is good once");
        var yaml = place.FileOf(DemoFiles.Orchestrator, "agent.yaml");
        PrivateFile.Write(yaml, DemoFiles.Agent(clock.GetUtcNow()));
        await person.TypeAsync("agents", "apply", "-f", yaml);
        var credential = await File.ReadAllTextAsync(await CredentialAsync(DemoFiles.Orchestrator, "--subject", Orchestrator.Path), cancellationToken);
        var agent = stage.StartAgent(Orchestrator, _programs[DemoFiles.Orchestrator]);
        var enrolled = await agent.DoAsync("enrol", cancellationToken, credential.Trim());
        teller.Came(string.Create(CultureInfo.InvariantCulture, $"{agent.Id} has certificate {enrolled.Text} (process {agent.ProcessId})"));
        teller.Typed("inspect", AgentSelf.CertificateFile(agent.Folder));
        return agent;
    }

    private async Task GetTaskTokenAsync(AgentProcess orchestrator, CancellationToken cancellationToken)
    {
        teller.Step("It gets an access token for the task at hand, bound to its certificate (RFC 8705)");
        orchestrator.Token = (await orchestrator.DoAsync("token", cancellationToken, DemoFiles.TaskScope)).Text;
        teller.ByHand($"curl --cacert home/anchors/root.pem --cert orchestrator/agent.pem --key orchestrator/agent.key $PKI/oauth/token -d grant_type=client_credentials -d client_id={orchestrator.Id} -d resource=$TOOLS --data-urlencode scope='{DemoFiles.TaskScope}'");
        teller.Came($"for {place.Tools.OriginalString}, with scope {DemoFiles.TaskScope}");
    }

    private async Task<AgentProcess> SpawnAsync(AgentProcess parent, string name, string policy, string scope, CancellationToken cancellationToken)
    {
        teller.Step($"It spawns '{name}' with less: a grant that its own key signs, a certificate, and a token in exchange for its own (RFC 8693)");
        PrivateFile.Write(place.FileOf(name, "policy.json"), policy);
        await parent.DoAsync("spawn", cancellationToken, name, policy, place.FolderOf(name));
        teller.Typed(
            "delegate", "--server", place.Pki.OriginalString, "--anchors", place.Home.RootCertificate, "--certificate", AgentSelf.CertificateFile(parent.Folder), "--key", AgentSelf.KeyFile(parent.Folder),
            "--child", name, "--policy", place.FileOf(name, "policy.json"), "--to", place.FolderOf(name));
        var child = stage.StartAgent(SpiffeId.Parse($"{parent.Id}/{name}"), _programs[name]);
        child.Token = (await child.DoAsync("exchange", cancellationToken, parent.Token, scope)).Text;
        teller.Came(string.Create(CultureInfo.InvariantCulture, $"{child.Id} may {scope} (process {child.ProcessId})"));
        var grants = await person.TypeAsync("inspect", AgentSelf.CertificateFile(child.Folder), "--grants", place.FileOf(name, "grants.json"), "--anchors", place.Home.RootCertificate);
        teller.Came(grants.Split('\n')[^1]);
        return child;
    }

    private async Task WorkAsync(IReadOnlyList<AgentProcess> family, AgentProcess writer, CancellationToken cancellationToken)
    {
        teller.Step("All three work: each has a decision for each action, a connection that stays open, and an X.509-SVID over the Workload API");
        foreach (var agent in family)
        {
            var read = await agent.DoAsync("call", cancellationToken, "read", DemoFiles.Customer);
            await agent.DoAsync("follow", cancellationToken, DemoFiles.Customer);
            var svid = await agent.DoAsync("svid", cancellationToken);
            teller.Came($"{agent.Name}: {read.Text}; SVID {svid.Text}");
        }

        teller.Came($"writer: {(await writer.DoAsync("call", cancellationToken, "write", DemoFiles.Customer)).Text}");
        teller.ByHand("curl --cacert home/anchors/root.pem --cert writer/agent.pem --key writer/agent.key -H \"Authorization: Bearer $TOKEN\" $TOOLS/crm/customers/42");
        teller.ByHand("SPIFFE_ENDPOINT_SOCKET=unix://$AGENTPKI_HOME/workload.sock, and any SPIFFE client; which process is which agent:");
        teller.Typed("spiffe", "entries", "show");
    }

    private async Task TryMoreAsync(AgentProcess reader, AgentProcess orchestrator, CancellationToken cancellationToken)
    {
        teller.Step("The reader tries more than it was given");
        teller.Came($"as a token: {(await reader.TryAsync("exchange", cancellationToken, orchestrator.Token, "write:crm/customers/42")).Text}");
        teller.Came($"as an action: {(await reader.TryAsync("call", cancellationToken, "write", DemoFiles.Customer)).Text}");
        teller.Typed("decisions", "search", "--agent", reader.Name, "--denied");
    }

    private async Task BurstAsync(AgentProcess reader, AgentProcess writer, CancellationToken cancellationToken)
    {
        teller.Step(string.Create(CultureInfo.InvariantCulture, $"It tries again and again, until a rule has it: {DemoFiles.RefusalsTaken} refusals in a minute, then the agent is suspended"));
        var burst = await reader.TryAsync("burst", cancellationToken, "write", DemoFiles.Customer, (DemoFiles.RefusalsTaken * 20).ToString(CultureInfo.InvariantCulture));
        teller.Came(burst.Text);
        await reader.TryAsync("cut", cancellationToken);
        await reader.TryAsync("svid-end", cancellationToken);
        await reader.TryAsync("renew", cancellationToken);
        await reader.TryAsync("token", cancellationToken, DemoFiles.ReaderScope);
        teller.Came("its open connection and its SVID stream are cut; it gets no token and no certificate");
        teller.Came($"nobody else is: writer: {(await writer.DoAsync("call", cancellationToken, "read", DemoFiles.Customer)).Text}");
        var state = await person.TypeAsync("agent", "show", reader.Id.ToString());
        _ = state.Contains("suspended", StringComparison.Ordinal) ? true : throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: the reader is not suspended: {state.ReplaceLineEndings(" ")}", "The logs say more.");
    }

    // RFC 5280 §5: signed anew after a revocation, in the background.
    private async Task HearFromListAsync(IReadOnlyList<AgentProcess> family, CancellationToken cancellationToken)
    {
        teller.Step("Whoever follows nothing hears it from the CRL that each certificate names");
        var url = new Uri(place.PlainPki, "/crl/issuing.crl");
        teller.ByHand($"curl -s {url} | openssl crl -inform DER -noout -text");
        var certificates = family.Select(a => Pem.TryReadCertificates(AgentSelf.CertificateFile(a.Folder))?[0]).OfType<Certificate>().ToList();
        using var http = new HttpClient();
        for (var since = clock.GetTimestamp(); ;)
        {
            var list = CertificateList.Parse(await http.GetByteArrayAsync(url, cancellationToken));
            if (certificates.All(c => list.Find(c.SerialNumber.Span) is not null))
            {
                teller.Came(string.Create(CultureInfo.InvariantCulture, $"CRL number {list.Number} lists all {certificates.Count}"));
                return;
            }

            if (clock.GetElapsedTime(since) > ListLimit)
            {
                throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: the CRL does not list all of the family after {ListLimit.TotalSeconds:0} s.", "The logs say more.");
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }
    }

    private async Task<string> CredentialAsync(string name, params string[] more)
    {
        var file = place.FileOf(name, "credential");
        PrivateFile.Write(file, await person.TypeAsync(["credential", "new", "--owner", DemoFiles.Owner, .. more]) + "\n");
        return file;
    }
}
