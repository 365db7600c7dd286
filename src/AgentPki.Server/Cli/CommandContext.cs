using AgentPki.Server.Home;

namespace AgentPki.Server.Cli;

/// <summary>What a command gets from the process it runs in; tests give their own.</summary>
/// <param name="Variable">Reads an environment variable; null or empty when unset.</param>
/// <param name="WorkingFolder">The folder that a relative home is relative to.</param>
public sealed record CommandContext(Terminal Terminal, TimeProvider Clock, Func<string, string?> Variable, string WorkingFolder)
{
    public const string HomeVariable = "AGENTPKI_HOME";

    public static CommandContext ForProcess() =>
        new(Terminal.ForProcess(), TimeProvider.System, Environment.GetEnvironmentVariable, Environment.CurrentDirectory);

    /// <summary>The home folder: <c>$AGENTPKI_HOME</c>, or <c>.agentpki</c> in the current folder.</summary>
    public ApplianceHome Home() =>
        new(Path.GetFullPath(Variable(HomeVariable) is { Length: > 0 } home ? home : ".agentpki", WorkingFolder));
}
