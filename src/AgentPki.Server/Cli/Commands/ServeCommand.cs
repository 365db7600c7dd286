using System.CommandLine;
using AgentPki.Authority.Ceremony;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Hosting;
using AgentPki.Server.Logging;
using Microsoft.Extensions.Hosting.Systemd;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki serve</c></summary>
internal static class ServeCommand
{
    internal static Command Create(CommandContext context)
    {
        var development = new Option<bool>("--dev") { Description = "Serve a development home: a reusable enrolment token, a ceremony without officers." };
        return new Verb(
            "serve",
            "Serves an appliance whose ceremony was held; logs to standard error as JSON lines; tells systemd when it is ready.",
            "agentpki serve",
            "AGENTPKI_HOME=/var/lib/agentpki agentpki serve --dev")
            .With(development)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetValue(development), cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, bool development, CancellationToken cancellationToken)
    {
        var home = context.Home();
        var options = ConfigurationReader.Load(home, context.Variable);
        RefuseDevelopment(home, options, development);
        HomeFolder.Prepare(home);
        using var homeLock = HomeLock.Take(home);
        Ports.RequireFree(options.Listen);
        using var loggers = LoggerSetup.ToStandardError(options.Log, context.Clock);
        var tokenOptions = TokenAccess.OptionsOf(home, options, context.Variable);
        await using var parts = await ApplianceParts.OpenAsync(home, options, tokenOptions, KeyPlacement.TokenOnly, context.Clock, loggers, cancellationToken);
        await using var appliance = await RunningAppliance.StartAsync(parts, context, cancellationToken);
        var systemd = new SystemdNotifier();
        systemd.Notify(ServiceState.Ready);
        await Waiting.UntilCancelledAsync(cancellationToken);
        systemd.Notify(ServiceState.Stopping);
        return ExitCodes.Success;
    }

    /// <summary>What only development may have is refused as a whole: a half-hardened service is not one.</summary>
    private static void RefuseDevelopment(ApplianceHome home, ApplianceOptions options, bool development)
    {
        if (development)
        {
            return;
        }

        if (options.Development)
        {
            throw new CommandException(ExitCodes.Usage, $"{home.ConfigurationFile} says development: true.", "Serve it with 'agentpki serve --dev', or make a production home.");
        }

        if (File.Exists(home.DevelopmentToken))
        {
            throw new CommandException(ExitCodes.Usage, $"A reusable development enrolment token lies in {home.DevelopmentToken}.", "Revoke its credential while it runs with --dev ('agentpki credential revoke NAME'), delete the file, and serve again.");
        }
    }
}
