using System.Runtime.InteropServices;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Logging;

namespace AgentPki.Server.Ceremony;

/// <summary>The home, locked, with everything that a ceremony at this terminal needs.</summary>
internal sealed class CeremonyTable : IDisposable
{
    private readonly CommandContext _context;
    private readonly ApplianceHome _home;
    private readonly HomeLock _lock;
    private readonly ILoggerFactory _loggers;
    private readonly CeremonyHome _work;

    /// <summary>A rehearsal's home, filled with stand-ins of what <paramref name="real"/> has.</summary>
    /// <exception cref="CommandException">The real home is not there.</exception>
    /// <exception cref="CeremonyException">The stand-ins could not be made.</exception>
    public static async Task<CeremonyTable> OpenRehearsalAsync(CommandContext context, ApplianceHome real, CancellationToken cancellationToken)
    {
        var table = Open(context, Rehearsal.Prepare(real, context.Variable));
        try
        {
            var options = ConfigurationReader.Load(real, context.Variable);
            var there = new CeremonyHome(real, options, context.Variable, context.Clock, table._loggers);
            if (await RehearsalHome.FillAsync(real, options, there, table._work, cancellationToken) is { Count: > 0 } made)
            {
                context.Terminal.Raw($"A rehearsal: throwaway tokens, with stand-ins of {string.Join(", ", made)}.");
            }

            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    private CeremonyTable(CommandContext context, ApplianceHome home, ApplianceOptions options, HomeLock homeLock)
    {
        (_context, _home, _lock) = (context, home, homeLock);
        _loggers = LoggerSetup.ToFile(home, options.Log, context.Clock);
        _work = new CeremonyHome(home, options, context.Variable, context.Clock, _loggers);
    }

    /// <summary>This program, as plans name it.</summary>
    public static string Software => $"agentpki {VersionText.Number}";

    public string Name => _work.Name;

    /// <exception cref="CommandException">There is no such home, or an appliance runs on it.</exception>
    public static CeremonyTable Open(CommandContext context, ApplianceHome home)
    {
        var options = ConfigurationReader.Load(home, context.Variable);
        HomeFolder.Prepare(home);
        var homeLock = HomeLock.Take(home);
        ProfileFiles.WriteDefaults(home, static _ => null);
        return new CeremonyTable(context, home, options, homeLock);
    }

    /// <param name="scriptFolder">What paths in the script, and of key files, are relative to.</param>
    public CeremonySetting SettingOf(string ceremony, string scriptFolder)
    {
        var folder = new EvidenceFolder(Path.Combine(_home.Ceremonies, ceremony));
        return new CeremonySetting(
            _work,
            new TerminalRoom(_context.Terminal, new TypedOfficerKeys(_context.Terminal, scriptFolder, new CardReader(_context.Terminal, _home, _context.Clock))),
            folder,
            _home.TranscriptKey(ceremony),
            scriptFolder,
            ProviderList.SoftwareOnly,
            Software,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            VerifyScript.Content,
            _context.Clock);
    }

    /// <summary>The plan of a script for the home of that name. Needs no lock: it can be made while the appliance runs.</summary>
    /// <exception cref="CeremonyException">Script or officers are wrong.</exception>
    public static CeremonyPlan Plan(string home, string scriptPath, ReadOnlyMemory<byte> script, bool rehearsal, TimeProvider clock) => CeremonyPlan.Make(
        ScriptReader.Read(Path.GetFileName(scriptPath), script), Path.GetDirectoryName(scriptPath) ?? "/", home, rehearsal, Software, ProviderList.SoftwareOnly, clock.GetUtcNow());

    public void Dispose()
    {
        _loggers.Dispose();
        _lock.Dispose();
    }
}
