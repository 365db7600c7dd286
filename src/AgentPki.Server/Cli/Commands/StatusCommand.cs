using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki status</c></summary>
internal static class StatusCommand
{
    internal static Command Create(CommandContext context)
    {
        var json = new Option<bool>("--json") { Description = "The admin API's answer as it is." };
        return new Verb("status", "Shows the running appliance at a glance: readiness, CAs and how their keys are kept, numbers.", "agentpki status", "agentpki status --json | jq .ready")
            .With(json)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetValue(json), cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, bool json, CancellationToken cancellationToken)
    {
        var home = context.Home();
        using var admin = new AdminConnection(context);
        var status = await admin.GetAsync("status", AdminJson.Default.StatusView, cancellationToken);
        if (json)
        {
            context.Terminal.Raw(System.Text.Json.JsonSerializer.Serialize(status, AdminJson.Default.StatusView));
            return status.Ready ? ExitCodes.Success : ExitCodes.CheckFailed;
        }

        var authorities = (await admin.GetAsync("authorities", AdminJson.Default.AuthoritiesView, cancellationToken)).Authorities;
        Output.Facts(
            context.Terminal,
            [
                ("home", home.Root),
                ("version", status.Version),
                ("ready", status.Ready ? "yes" : $"no: {string.Join("; ", status.Reasons)}"),
                ("trust domain", status.TrustDomain),
                ("public URL", status.PublicUrl),
                .. authorities.Select(a => ($"CA {a.Name}", Describe(a))),
                ("TLS key", "key level: token-wrapped"),
                ("certificates", $"{status.Certificates}"),
                ("revocations", $"epoch {status.RevocationEpoch}"),
                ("ledger", $"{status.LedgerSize} entries"),
                ("administration", status.Administration),
            ]);
        return status.Ready ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static string Describe(AuthorityView a)
    {
        static string Level(string? protection, string provider, string label) => $"{protection ?? "not opened yet"} ({provider}/{label})";
        var until = $"until {Output.Time(a.NotAfter)}; key level: {Level(a.KeyProtection, a.KeyProvider, a.KeyLabel)}";
        return a.Alternative is { } second
            ? $"{a.Subject}, catalyst {a.KeyAlgorithm} + {second.KeyAlgorithm}, {until}, alternative key: {Level(second.KeyProtection, second.KeyProvider, second.KeyLabel)}"
            : $"{a.Subject}, {a.KeyAlgorithm}, {until}";
    }
}
