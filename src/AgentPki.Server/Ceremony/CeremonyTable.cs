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
            VerifyScript.Octets,
            _context.Clock);
    }

    /// <summary>The plan of a script for this home.</summary>
    /// <exception cref="CeremonyException">Script or officers are wrong.</exception>
    public CeremonyPlan Plan(string scriptPath, ReadOnlyMemory<byte> script, bool rehearsal) => CeremonyPlan.Make(
        ScriptReader.Read(Path.GetFileName(scriptPath), script), Path.GetDirectoryName(scriptPath) ?? "/", Name, rehearsal, Software, ProviderList.SoftwareOnly, _context.Clock.GetUtcNow());

    public void Dispose()
    {
        _loggers.Dispose();
        _lock.Dispose();
    }
}
