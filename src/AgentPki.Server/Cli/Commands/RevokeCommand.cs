using System.CommandLine;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AdminRevoke = AgentPki.Protocols.Admin.RevokeCommand;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki revoke</c>: one certificate, or as many as meet the conditions.</summary>
internal static class RevokeCommand
{
    internal static Command Create(CommandContext context)
    {
        var conditions = new RevocationConditions();
        var reason = new Option<RevocationReason>("--reason") { Description = "RFC 5280 §5.3.1. CertificateHold suspends: 'agentpki release' ends it. After KeyCompromise or PrivilegeWithdrawn the keys are not certified again.", DefaultValueFactory = _ => RevocationReason.Unspecified };
        var since = new Option<DateTimeOffset?>("--invalid-since") { Description = "Since when they were not to be trusted (invalidityDate)." };
        var then = new Option<AgentState>("--then") { Description = "The state that agents are left in, where agents are named and nothing else; Active: theirs stays.", DefaultValueFactory = _ => AgentState.Suspended };
        var appliance = new Option<bool>("--include-appliance") { Description = "Needed to revoke a certificate of the appliance itself, which must be named alone." };
        var dry = new Option<bool>("--dry-run") { Description = "Show what would go and who would be locked out; change nothing." };
        var confirmed = new Option<long?>("--confirm") { Description = "The number of certificates as the dry run shows it: instead of typing it, above the appliance's limit." };
        return new Verb(
            "revoke",
            "Revokes certificates at once, in one step however many they are: OCSP, CRLs and the feed say so from then on.",
            "agentpki revoke 4d2f... --reason keyCompromise",
            "agentpki revoke --agent spiffe://agents.localhost/agent/sample-agent --with-descendants --reason privilegeWithdrawn",
            "agentpki revoke --owner team-a --dry-run",
            "agentpki revoke --algorithm rsa-2048 --issued-before 2026-01-01 --reason superseded --confirm 1204",
            "agentpki revoke --key .agentpki/dev/agent.pem --reason keyCompromise",
            "agentpki revoke --certificate .agentpki/dev/agent.pem --reason certificateHold")
            .With(conditions.Symbols)
            .With(reason, since, then, appliance, dry, confirmed)
            .Runs(async (parsed, cancellationToken) =>
            {
                var command = (await conditions.ReadAsync(parsed, cancellationToken)) with
                {
                    Reason = parsed.GetValue(reason),
                    InvalidSince = parsed.GetValue(since),
                    Then = parsed.GetValue(then),
                    IncludeAppliance = parsed.GetValue(appliance),
                    Confirmed = parsed.GetValue(confirmed),
                };
                using var admin = new AdminConnection(context);
                return parsed.GetValue(dry) ? await SelectionOutput.ShowAsync(context, admin, command, cancellationToken) : await RunAsync(context, admin, command, conditions.NameOne(parsed), cancellationToken);
            });
    }

    private static async Task<int> RunAsync(CommandContext context, AdminConnection admin, AdminRevoke command, bool one, CancellationToken cancellationToken)
    {
        command = one ? command : await SelectionOutput.ConfirmAsync(context, admin, command, cancellationToken);
        var result = await admin.PostAsync("revocations", command, AdminJson.Default.RevokeCommand, AdminJson.Default.RevocationView, cancellationToken);
        var verb = command.Reason == RevocationReason.CertificateHold ? "held" : "revoked";
        context.Terminal.Line($"{result.Revoked} {verb}{(result.AlreadyRevoked > 0 ? $", {result.AlreadyRevoked} already were" : "")}; revocation epoch {result.Epoch}.");
        if (result.Agents + result.BlockedKeys > 0)
        {
            context.Terminal.Line($"{result.Agents} agents {command.Then.ToString().ToLowerInvariant()}; {result.BlockedKeys} keys are not certified again.");
        }

        return ExitCodes.Success;
    }
}
