using System.CommandLine;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki release</c></summary>
internal static class ReleaseCommand
{
    internal static Command Create(CommandContext context)
    {
        var conditions = new RevocationConditions();
        var dry = new Option<bool>("--dry-run") { Description = "Show what would be released; change nothing." };
        var confirmed = new Option<long?>("--confirm") { Description = "The number of certificates as the dry run shows it: instead of typing it, above the appliance's limit." };
        return new Verb(
            "release",
            "Ends the hold of certificates (revoked with the reason certificateHold); agents that are named, and that the hold alone suspended, become active again. What is revoked for good stays so.",
            "agentpki release 4d2f...",
            "agentpki release --agent spiffe://agents.localhost/agent/sample-agent --with-descendants",
            "agentpki release --owner team-a --dry-run")
            .With(conditions.Symbols)
            .With(dry, confirmed)
            .Runs(async (parsed, cancellationToken) =>
            {
                // removeFromCRL is how a release shows in a delta CRL, and how a dry run is asked for one.
                var command = (await conditions.ReadAsync(parsed, cancellationToken)) with { Reason = RevocationReason.RemoveFromCrl, Confirmed = parsed.GetValue(confirmed) };
                using var admin = new AdminConnection(context);
                if (parsed.GetValue(dry))
                {
                    return await SelectionOutput.ShowAsync(context, admin, command, cancellationToken);
                }

                command = conditions.NameOne(parsed) ? command : await SelectionOutput.ConfirmAsync(context, admin, command, cancellationToken);
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
