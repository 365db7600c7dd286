using System.CommandLine;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Locks;
using AgentPki.Pkcs11;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Locks;
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
        using var locks = PinLocks.Load(home, options, context.Variable, context.Clock);
        var served = new ServedHome(home, options, TokenAccess.OptionsOf(home, options, context.Variable, locks), locks.Locks, loggers);
        var systemd = new SystemdNotifier();
        try
        {
            while (true)
            {
                if (!locks.Locks.AreOpen)
                {
                    await new LockedAppliance(home, options, locks.Locks, context.Clock, loggers).RunAsync(() => systemd.Notify(ServiceState.Ready), cancellationToken);
                }

                await ServeAsync(context, served, () => systemd.Notify(ServiceState.Ready), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            systemd.Notify(ServiceState.Stopping);
            return ExitCodes.Success;
        }
    }

    /// <summary>Serves until it is stopped (by an exception), or locked. One that officers have opened and that cannot start is locked again: what they gave is not kept for nothing.</summary>
    private static async Task ServeAsync(CommandContext context, ServedHome served, Action begun, CancellationToken cancellationToken)
    {
        try
        {
            await using var parts = await ApplianceParts.OpenAsync(served.Home, served.Options, served.Tokens, KeyPlacement.TokenOnly, context.Clock, served.Loggers, cancellationToken);
            parts.Locks = served.Locks;
            await using var appliance = await RunningAppliance.StartAsync(parts, context, cancellationToken);
            begun();
            if (served.Locks.All.Count == 0)
            {
                await Waiting.UntilCancelledAsync(cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
            }

            await served.Locks.WaitUntilLockedAsync(cancellationToken);
        }
        catch (CommandException error) when (served.Locks.All.Count > 0)
        {
            Locks.Log.LockedAgain(served.Loggers.CreateLogger("AgentPki.Server.Locks"), error.Message);
            served.Locks.Close(error.Message);
        }
    }

    private sealed record ServedHome(ApplianceHome Home, ApplianceOptions Options, IReadOnlyList<Pkcs11Options> Tokens, QuorumLocks Locks, ILoggerFactory Loggers);

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
