using System.Net;
using AgentPki.Server.Cli;
using AgentPki.X509.Names;

namespace AgentPki.Server.Demo.Stage;

/// <summary>The processes of the story. Disposing it ends each by its id, the appliance last.</summary>
internal sealed class DemoStage(DemoPlace place, Programs programs, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly List<AgentProcess> _agents = [];
    private readonly List<ChildProcess> _services = [];
    private ChildProcess? _appliance;

    /// <summary><c>agentpki up</c>, on the home that was prepared.</summary>
    internal async Task<int> StartApplianceAsync(CancellationToken cancellationToken)
    {
        _appliance = ChildProcess.Start("appliance", programs.Verb("up"), place.LogOf("appliance"));
        await _appliance.WaitForAsync("Serving until", StartLimit, clock, cancellationToken);
        return _appliance.Id;
    }

    /// <param name="credential">A file with <c>name:secret</c>, good for its one enrolment.</param>
    internal async Task<int> StartToolServiceAsync(string credential, CancellationToken cancellationToken)
    {
        var service = Start("tools", programs.Verb(
            "demo", "tool-service", "--folder", place.FolderOf("tools"), "--pki", place.Pki.OriginalString, "--anchors", place.Home.RootCertificate, "--credential", credential, "--receipts", place.Receipts, "--listen", $"{place.ToolPort}"));
        await service.WaitForAsync("Serving", StartLimit, clock, cancellationToken);
        return service.Id;
    }

    /// <returns>Its process and the command line behind the program's name.</returns>
    internal async Task<(int Process, IReadOnlyList<string> Arguments)> StartGuardAsync(string credential, CancellationToken cancellationToken)
    {
        var anchors = place.FileOf("guard", "ca.pem");
        await File.WriteAllTextAsync(anchors, await File.ReadAllTextAsync(place.Home.RootCertificate, cancellationToken) + await File.ReadAllTextAsync(place.Home.ChainCertificates, cancellationToken), cancellationToken);
        string[] arguments =
        [
            "guard", "--listen", $"127.0.0.1:{place.GuardPort}", "--upstream", place.ToolService.OriginalString, "--appliance", place.PlainPki.OriginalString, "--ca", anchors,
            "--certificate", place.FileOf("guard", "guard.pem"), "--key", place.FileOf("guard", "guard.key"), "--est", place.Pki.OriginalString, "--credential", credential, "--name", "localhost",
            "--oauth-issuer", place.Pki.OriginalString, "--oauth-resource", place.Tools.OriginalString, "--admin", $"{place.GuardAdminPort}",
        ];
        var guard = Start("guard", programs.Verb(arguments));
        await guard.WaitForAsync("Guarding", StartLimit, clock, cancellationToken);
        using var http = new HttpClient { BaseAddress = place.GuardHealth };
        for (var since = clock.GetTimestamp(); (await http.GetAsync(new Uri("/healthz", UriKind.Relative), cancellationToken)).StatusCode != HttpStatusCode.OK;)
        {
            if (clock.GetElapsedTime(since) > StartLimit)
            {
                throw guard.Failure("is not healthy");
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }

        return (guard.Id, arguments);
    }

    /// <summary>An agent under its own program.</summary>
    internal AgentProcess StartAgent(SpiffeId id, string program)
    {
        var name = id.Path.Split('/')[^1];
        var process = ChildProcess.Start(name, programs.Agent(
            program,
            "--id", id.ToString(), "--folder", place.FolderOf(name), "--pki", place.Pki.OriginalString, "--tools", place.Tools.OriginalString, "--anchors", place.Home.RootCertificate, "--workload-socket", place.WorkloadSocket), place.LogOf(name));
        var agent = new AgentProcess(id, place.FolderOf(name), process);
        _agents.Add(agent);
        return agent;
    }

    /// <summary>Ends everybody, the appliance last.</summary>
    /// <exception cref="CommandException">The appliance did not end as it should.</exception>
    internal async Task StopAsync()
    {
        await EndOthersAsync();
        if (_appliance is { } appliance && await appliance.StopAsync() is not ExitCodes.Success and var exitCode)
        {
            throw appliance.Failure($"ended with exit code {exitCode}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndOthersAsync();
        if (_appliance is not null)
        {
            await _appliance.DisposeAsync();
        }
    }

    private ChildProcess Start(string name, System.Diagnostics.ProcessStartInfo start)
    {
        var service = ChildProcess.Start(name, start, place.LogOf(name));
        _services.Add(service);
        return service;
    }

    private async Task EndOthersAsync()
    {
        await Task.WhenAll([.. _agents.Select(a => a.DisposeAsync().AsTask()), .. _services.Select(s => s.DisposeAsync().AsTask())]);
        _agents.Clear();
        _services.Clear();
    }
}
