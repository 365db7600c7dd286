using System.CommandLine;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AdminRevoke = AgentPki.Protocols.Admin.RevokeCommand;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki revoke</c></summary>
internal static class RevokeCommand
{
    internal static Command Create(CommandContext context)
    {
        var serial = new Argument<string?>("serial") { Description = "Serial number of one certificate, hexadecimal.", Arity = ArgumentArity.ZeroOrOne };
        var agent = new Option<string?>("--agent") { Description = "SPIFFE ID: every certificate of that agent that is still good." };
        var file = new Option<string?>("--certificate") { Description = "A PEM file with the certificate." };
        var authority = new Option<string?>("--authority") { Description = "The CA that issued the serial number, where several did." };
        var reason = new Option<RevocationReason>("--reason") { Description = "RFC 5280 §5.3.1.", DefaultValueFactory = _ => RevocationReason.Unspecified };
        var then = new Option<AgentState>("--then") { Description = "With --agent: the state it is left in.", DefaultValueFactory = _ => AgentState.Suspended };
        var appliance = new Option<bool>("--include-appliance") { Description = "Needed to revoke a certificate of the appliance itself." };
        return new Verb(
            "revoke",
            "Revokes one certificate, or all of an agent, at once: OCSP and CRL say so from then on.",
            "agentpki revoke 4d2f... --reason keyCompromise",
            "agentpki revoke --agent spiffe://agents.localhost/agent/sample-agent --reason cessationOfOperation --then retired",
            "agentpki revoke --certificate .agentpki/dev/agent.pem --reason superseded")
            .With(serial, agent, file, authority, reason, then, appliance)
            .Runs(async (parsed, cancellationToken) =>
            {
                var pem = parsed.GetValue(file) is { } path ? await ReadAsync(path, cancellationToken) : null;
                var command = new AdminRevoke(
                    parsed.GetValue(authority), parsed.GetValue(serial), pem, parsed.GetValue(agent), parsed.GetValue(reason), parsed.GetValue(then), parsed.GetValue(appliance));
                return await RunAsync(context, command, cancellationToken);
            });
    }

    private static async Task<int> RunAsync(CommandContext context, AdminRevoke command, CancellationToken cancellationToken)
    {
        if (new[] { command.Serial, command.Certificate, command.Agent }.Count(t => t is not null) != 1)
        {
            throw new CommandException(ExitCodes.Usage, "Say what to revoke: a serial number, --certificate FILE, or --agent SPIFFE-ID (one of them).", "'agentpki certificate list' shows the serial numbers.");
        }

        using var admin = new AdminConnection(context.Home());
        var result = await admin.PostAsync("revocations", command, AdminJson.Default.RevokeCommand, AdminJson.Default.RevocationView, cancellationToken);
        context.Terminal.Line($"{result.Revoked} revoked{(result.AlreadyRevoked > 0 ? $", {result.AlreadyRevoked} already were" : "")}; revocation epoch {result.Epoch}.");
        return ExitCodes.Success;
    }

    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"The file {path} cannot be read: {error.Message}", "Name a PEM file with the certificate.", error);
        }
    }
}
