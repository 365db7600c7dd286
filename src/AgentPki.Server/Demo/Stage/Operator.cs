using AgentPki.Server.Cli;

namespace AgentPki.Server.Demo.Stage;

/// <summary>The person at the command line: every command runs as it is printed.</summary>
/// <param name="context">Of the story's home.</param>
internal sealed class Operator(CommandContext context, DemoTeller teller)
{
    /// <summary>Types a command that must succeed.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="CommandException">It did not.</exception>
    internal async Task<string> TypeAsync(params string[] arguments)
    {
        teller.Typed(arguments);
        return await RunAsync(arguments);
    }

    /// <summary>The same, with the command told afterwards: where a measurement runs.</summary>
    internal async Task<string> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await CommandLine.RunAsync(arguments, context with { Terminal = new Terminal(output, error, interactive: false) });
        return exitCode switch
        {
            ExitCodes.Success => output.ToString().Trim(),
            ExitCodes.Interrupted => throw new InterruptedException(),
            _ => throw new CommandException(ExitCodes.CheckFailed, $"'agentpki {string.Join(' ', arguments)}' ended with {exitCode}: {$"{output}{error}".Trim().ReplaceLineEndings(" ")}", "The logs say more."),
        };
    }
}
