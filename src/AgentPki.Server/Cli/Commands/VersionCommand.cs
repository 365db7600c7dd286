using System.CommandLine;
using System.Runtime.InteropServices;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki version</c></summary>
internal static class VersionCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb("version", "Prints the version of this program and of the runtime it stands on.", "agentpki version")
            .Runs((_, _) =>
            {
                context.Terminal.Line($"agentpki {Composition.VersionText.Number} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})");
                return Task.FromResult(ExitCodes.Success);
            });
}
