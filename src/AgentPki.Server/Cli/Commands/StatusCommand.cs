using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Locks;

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
        // How it is, it tells whoever may open the socket; and locked it has no TLS.
        using var admin = AdminConnection.WithoutCertificate(home);
        var status = await admin.GetAsync("status", AdminJson.Default.StatusView, cancellationToken);
        if (json)
        {
            context.Terminal.Raw(System.Text.Json.JsonSerializer.Serialize(status, AdminJson.Default.StatusView));
            return status.Ready ? ExitCodes.Success : ExitCodes.CheckFailed;
        }

        var locks = await admin.GetAsync("locks", AdminJson.Default.LocksView, cancellationToken);
        // Locked, it knows of its keys no more than that they are locked.
        var authorities = locks.Open ? (await admin.GetAsync("authorities", AdminJson.Default.AuthoritiesView, cancellationToken)).Authorities : [];
        Output.Facts(
            context.Terminal,
            [
                ("home", home.Root),
                ("version", status.Version),
                ("ready", status.Ready ? "yes" : $"no: {string.Join("; ", status.Reasons)}"),
                ("trust domain", status.TrustDomain),
                ("public URL", status.PublicUrl),
                .. Starts(context, home, locks),
                .. authorities.Select(a => ($"CA {a.Name}", Describe(a))),
                ("TLS key", "key level: token-wrapped"),
                ("certificates", $"{status.Certificates}"),
                ("revocations", $"epoch {status.RevocationEpoch}"),
                ("ledger", $"{status.LedgerSize} entries"),
                ("administration", status.Administration),
            ]);
        return status.Ready ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    /// <summary>How each token opens when the appliance starts, and whether it is open.</summary>
    private static IEnumerable<(string, string)> Starts(CommandContext context, ApplianceHome home, LocksView locks)
    {
        var options = ConfigurationReader.Load(home, context.Variable);
        return options.Tokens.Select(token => ($"token {token.Name}", Start(token, PinLocks.OriginOf(home, options, token, context.Variable), locks) + (token.MirrorOf.Length > 0 ? $"; second of {token.MirrorOf}" : "")));
    }

    private static string Start(TokenOptions token, PinOrigin origin, LocksView locks) => origin switch
    {
        PinOrigin.File => "starts by itself (PIN in a file)",
        PinOrigin.Sealed => "starts by itself (PIN sealed to this machine)",
        PinOrigin.Quorum when locks.Tokens.FirstOrDefault(l => l.Token == token.Name) is { } found =>
            $"starts locked, {found.Threshold} of {found.Officers.Count} officers open it; {(found.Open ? "open" : $"locked, {found.Given.Count} of {found.Threshold} have ({string.Join(", ", found.Given)})")}",
        PinOrigin.Quorum => "starts locked from the next start on: it was configured so while it ran",
    };

    private static string Describe(AuthorityView a)
    {
        static string Level(string? protection, string provider, string label) => $"{protection ?? "not opened yet"} ({provider}/{label})";
        var until = $"until {Output.Time(a.NotAfter)}; key level: {Level(a.KeyProtection, a.KeyProvider, a.KeyLabel)}";
        return a.Alternative is { } second
            ? $"{a.Subject}, catalyst {a.KeyAlgorithm} + {second.KeyAlgorithm}, {until}, alternative key: {Level(second.KeyProtection, second.KeyProvider, second.KeyLabel)}"
            : $"{a.Subject}, {a.KeyAlgorithm}, {until}";
    }
}
