using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AdminRevoke = AgentPki.Protocols.Admin.RevokeCommand;

namespace AgentPki.Server.Cli.Commands;

/// <summary>What <c>agentpki revoke</c> and <c>agentpki release</c> would take, shown and confirmed.</summary>
internal static class SelectionOutput
{
    /// <summary>The dry run.</summary>
    internal static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, AdminRevoke command, CancellationToken cancellationToken)
    {
        Show(context, command, await PreviewAsync(admin, command, cancellationToken));
        context.Terminal.Line("Nothing was changed.");
        return ExitCodes.Success;
    }

    /// <summary>The command with the number that was typed, where one is wanted and was not given.</summary>
    /// <exception cref="CommandException">It was not confirmed.</exception>
    internal static async Task<AdminRevoke> ConfirmAsync(CommandContext context, AdminConnection admin, AdminRevoke command, CancellationToken cancellationToken)
    {
        if (command.Confirmed is not null || await PreviewAsync(admin, command, cancellationToken) is not { NeedsConfirmation: true } selection)
        {
            return command;
        }

        Show(context, command, selection);
        return command with { Confirmed = AskNumber(context, IsRelease(command) ? "release" : "revoke", selection.Certificates) };
    }

    private static bool IsRelease(AdminRevoke command) => command.Reason == RevocationReason.RemoveFromCrl;

    private static Task<SelectionView> PreviewAsync(AdminConnection admin, AdminRevoke command, CancellationToken cancellationToken) =>
        admin.PostAsync("revocations/preview", command, AdminJson.Default.RevokeCommand, AdminJson.Default.SelectionView, cancellationToken);

    private static void Show(CommandContext context, AdminRevoke command, SelectionView selection)
    {
        Output.Facts(
            context.Terminal,
            [
                ("certificates", Number(selection.Certificates)),
                ("agents", Number(selection.Agents)),
                .. IsRelease(command) ? Array.Empty<(string, string)>() : [("locked out", $"{Number(selection.AgentsLeftWithout)} agents would have no good certificate left")],
                ("by CA", Counts(selection.ByAuthority)),
                ("by profile", Counts(selection.ByProfile)),
                ("by owner", Counts(selection.ByOwner)),
            ]);
        Output.Table(
            context.Terminal,
            ["SERIAL", "CA", "AGENT", "PROFILE", "UNTIL"],
            [.. selection.Sample.Select(c => new[] { c.Serial, c.Authority, c.Agent ?? "", c.Profile, Output.Time(c.NotAfter) })],
            "Nothing meets these conditions.");
        if (selection.Certificates > selection.Sample.Count)
        {
            context.Terminal.Line($"… and {Number(selection.Certificates - selection.Sample.Count)} more.");
        }

        foreach (var spared in selection.Spared)
        {
            context.Terminal.Line($"Left alone: {spared.Serial} of {spared.Authority} ({spared.Profile}) is the appliance's own; name it alone, with --include-appliance, if you mean it.");
        }
    }

    /// <summary>Who types the number has read it.</summary>
    private static long AskNumber(CommandContext context, string verb, long expected)
    {
        if (!context.Terminal.Interactive || Console.IsInputRedirected)
        {
            throw new CommandException(ExitCodes.Refused, $"This takes {Number(expected)} certificates, and nobody is here to confirm it; nothing was {verb}d.", $"Say '--confirm {expected.ToString(CultureInfo.InvariantCulture)}'.");
        }

        context.Terminal.Line($"Type the number of certificates to {verb} them, anything else to leave it:");
        return long.TryParse(Console.ReadLine(), NumberStyles.None, CultureInfo.InvariantCulture, out var typed) && typed == expected
            ? typed
            : throw new CommandException(ExitCodes.Refused, $"That is not the number; nothing was {verb}d.", "'--dry-run' shows what would go.");
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Counts(IReadOnlyList<SelectionCountView> counts) => counts.Count == 0 ? "-" : string.Join(", ", counts.Select(c => $"{(c.Name.Length == 0 ? "-" : c.Name)} {Number(c.Certificates)}"));
}
