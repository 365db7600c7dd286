using System.CommandLine;
using System.Globalization;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki certificate list|show</c></summary>
internal static class CertificateCommand
{
    internal static Command Create(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "At most so many, newest first.", DefaultValueFactory = _ => 20 };
        var agent = new Option<string?>("--agent") { Description = "Only those of this SPIFFE ID." };
        var serial = new Argument<string>("serial") { Description = "Its serial number in hexadecimal, as 'certificate list' shows it." };
        return new Verb("certificate", "Shows the certificates this appliance has issued.", "agentpki certificate list", "agentpki certificate show 4d2f...")
            .With(
                new Verb("list", "Lists certificates, newest first.", "agentpki certificate list --limit 50", "agentpki certificate list --agent spiffe://agents.localhost/agent/sample-agent")
                    .With(limit, agent)
                    .Asks(context, (admin, parsed, cancellationToken) => ListAsync(context, admin, parsed.GetValue(limit), parsed.GetValue(agent), cancellationToken)),
                new Verb("show", "Shows one certificate and prints it as PEM.", "agentpki certificate show 4d2f... | openssl x509 -noout -text")
                    .With(serial)
                    .Asks(context, (admin, parsed, cancellationToken) => ShowAsync(context, admin, parsed.GetRequiredValue(serial), cancellationToken)));
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, int limit, string? agent, CancellationToken cancellationToken)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"certificates?limit={limit}{(agent is null ? "" : $"&agent={Uri.EscapeDataString(agent)}")}");
        var found = await admin.GetAsync(query, AdminJson.Default.CertificatesView, cancellationToken);
        Output.Table(
            context.Terminal,
            ["SERIAL", "PROFILE", "STATE", "UNTIL", "NAME"],
            [.. found.Certificates.Select(c => new[] { c.Serial, c.Profile, State(c), Output.Time(c.NotAfter), c.Agent ?? c.Subject })],
            "No certificates yet.");
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string serial, CancellationToken cancellationToken)
    {
        var found = (await admin.GetAsync($"certificates?serial={Uri.EscapeDataString(serial)}", AdminJson.Default.CertificatesView, cancellationToken)).Certificates;
        if (found.Count == 0)
        {
            throw new CommandException(ExitCodes.Refused, $"This appliance has issued no certificate with the serial number {serial}.", "'agentpki certificate list' shows what there is.");
        }

        foreach (var certificate in found)
        {
            var full = await admin.GetAsync($"certificates/{Uri.EscapeDataString(certificate.Authority)}/{certificate.Serial}", AdminJson.Default.CertificateView, cancellationToken);
            Output.Facts(
                context.Terminal,
                ("serial", full.Serial),
                ("issued by", full.Authority),
                ("profile", full.Profile),
                ("agent", full.Agent ?? "(the appliance's own)"),
                ("subject", full.Subject),
                ("names", string.Join(", ", full.Names)),
                ("valid", $"{Output.Time(full.NotBefore)} to {Output.Time(full.NotAfter)}"),
                ("asked by", full.Requester),
                ("state", full.State == CertificateState.Revoked ? $"revoked {Output.Time(full.RevokedAt ?? default)}, {full.Reason}" : State(full)));
            context.Terminal.Raw(full.Pem?.TrimEnd() ?? "");
        }

        return ExitCodes.Success;
    }

    private static string State(CertificateView certificate) => certificate.State.ToString().ToLowerInvariant();
}
