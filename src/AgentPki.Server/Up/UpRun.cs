using AgentPki.Authority.Ceremony;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Hosting;
using AgentPki.Server.Logging;
using Microsoft.Extensions.Hosting.Systemd;

namespace AgentPki.Server.Up;

/// <summary>
/// <c>agentpki up</c>: from nothing to a serving development appliance with one verified agent. Every step first looks whether it is done already,
/// so that a second start makes nothing anew and one that was killed is continued.
/// </summary>
internal sealed class UpRun(CommandContext context, string trustDomain, HomeKind? profile, Func<CeremonyOptions, CeremonyOptions> change)
{
    private readonly ApplianceHome _home = context.Home();

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // 1. The home: ours, writable, nobody else's at work.
        HomeFolder.Prepare(_home);
        using var homeLock = HomeLock.Take(_home);
        var isNew = DevelopmentHome.Ensure(_home, trustDomain, profile, context.Variable);
        var options = ConfigurationReader.Load(_home, context.Variable);
        RequireDevelopment(options);
        var kind = DevelopmentHome.KindOf(_home, options, profile);
        var wanted = await Ceremonies.KeepExistingAsync(_home, options, usual => change(kind.Apply(usual)), cancellationToken);
        Ports.RequireFree(options.Listen);
        var story = new Story(context, _home, options);
        story.Begin(isNew);

        // 2. The tokens.
        var tokenOptions = TokenAccess.OptionsOf(_home, options, context.Variable);
        foreach (var (token, access) in options.Tokens.Zip(tokenOptions))
        {
            story.Token(access, await context.Terminal.WorkAsync("token", () => Task.Run(() => TokenAccess.EnsureToken(_home, token, access), cancellationToken)));
        }

        // 3. Store and ceremony. The profiles say whether TLS has a CA of its own.
        TlsAuthority.PrepareProfile(_home, wanted);
        using var loggers = LoggerSetup.ToFile(_home, options.Log, context.Clock);
        await using var parts = await ApplianceParts.OpenAsync(_home, options, tokenOptions, KeyPlacement.AllowTokenWrapped, context.Clock, loggers, cancellationToken);
        var ceremony = await context.Terminal.WorkAsync("ceremony", () => Ceremonies.RunDevelopmentAsync(parts, wanted, cancellationToken));
        story.Ceremony(ceremony, parts.Providers);

        // 4. The service.
        await using var appliance = await context.Terminal.WorkAsync("service", () => RunningAppliance.StartAsync(parts, context, cancellationToken));
        story.Successions(appliance.Authority);
        story.Service(appliance.TlsIsNew);

        // 5. The sample agent, over the public endpoint; its chain judged by openssl where it can.
        await WelcomeAgentAsync(appliance, kind, story, cancellationToken);
        story.End();

        // 6. Serve until told to stop.
        new SystemdNotifier().Notify(ServiceState.Ready);
        await Waiting.UntilCancelledAsync(cancellationToken);
        story.Stopping();
        new SystemdNotifier().Notify(ServiceState.Stopping);
        return ExitCodes.Success;
    }

    private async Task WelcomeAgentAsync(RunningAppliance appliance, HomeKind kind, Story story, CancellationToken cancellationToken)
    {
        var credential = await DevelopmentCredential.EnsureAsync(_home, appliance.Authority, context.Clock, cancellationToken);
        // The files, not the ceremony: a succession may have led to another root.
        var anchors = Pem.TryReadCertificates(_home.RootCertificate) ?? throw new CommandException(ExitCodes.Environment, $"{_home.RootCertificate} cannot be read.", "Start the appliance again: it writes it from its database.");
        var isKnown = File.Exists(_home.SampleCertificate);
        try
        {
            var agent = await context.Terminal.WorkAsync("sample agent", () => SampleAgent.EnsureAsync(_home, story.LocalEndpoint, kind.Issuing, credential, anchors, context, cancellationToken));
            story.Agent(agent);
        }
        catch (CommandException error) when (isKnown)
        {
            // Somebody revoked or suspended the sample agent since the first start: no reason not to serve.
            context.Terminal.Warn($"{error.Message} The appliance serves all the same.");
        }
    }

    private void RequireDevelopment(ApplianceOptions options)
    {
        if (!options.Development)
        {
            throw new CommandException(ExitCodes.Usage, $"{_home.ConfigurationFile} says development: false; 'up' is for development homes.", "Start it with 'agentpki serve'.");
        }
    }
}
