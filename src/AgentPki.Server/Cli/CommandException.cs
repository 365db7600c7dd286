namespace AgentPki.Server.Cli;

/// <summary>A command that cannot go on: one clear sentence, the remedy, and the exit code. Printed without a stack trace.</summary>
/// <param name="message">What is wrong, as one sentence with its full stop.</param>
/// <param name="remedy">What to do about it, as one sentence; may name a command to type.</param>
public sealed class CommandException(int exitCode, string message, string remedy, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    public string Remedy { get; } = remedy;
}
