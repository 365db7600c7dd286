using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki release</c></summary>
internal static class ReleaseCommand
{
    internal static Command Create(CommandContext context)
    {
        var conditions = new RevocationConditions();
        return new Verb(
            "release",
            "Ends the hold of certificates (revoked with the reason certificateHold); agents that are named become active again. What is revoked for good stays so.",
            "agentpki release 4d2f...",
            "agentpki release --agent spiffe://agents.localhost/agent/sample-agent --with-descendants")
            .With(conditions.Symbols)
            .Runs(async (parsed, cancellationToken) =>
            {
                var command = await conditions.ReadAsync(parsed, cancellationToken);
                using var admin = new AdminConnection(context.Home());
                var result = await admin.PostAsync("revocations/release", command, AdminJson.Default.RevokeCommand, AdminJson.Default.RevocationView, cancellationToken);
                context.Terminal.Line($"{result.Revoked} released; revocation epoch {result.Epoch}.");
                if (result.Agents > 0)
                {
                    context.Terminal.Line($"{result.Agents} agents active again.");
                }

                return ExitCodes.Success;
            });
    }
}
