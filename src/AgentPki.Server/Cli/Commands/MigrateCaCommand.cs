using System.CommandLine;
using System.Globalization;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki migrate ca plan|start|status|switch|rollback|finish</c></summary>
internal static class MigrateCaCommand
{
    internal static Verb Create(CommandContext context) =>
        new Verb(
            "ca",
            "Gives a CA a successor with another key, with a new root or under the old one.",
            "agentpki migrate ca plan --algorithm ml-dsa-65 --root-algorithm ml-dsa-87",
            "agentpki migrate ca start --algorithm ml-dsa-65 --root-algorithm ml-dsa-87 --served-for 90d",
            "agentpki migrate ca switch",
            "agentpki migrate ca finish")
            .With(
                Plan(context),
                Start(context),
                new Verb("status", "Shows which CA takes whose place, and how far that is.", "agentpki migrate ca status")
                    .Asks(context, async (admin, _, cancellationToken) => Show(context, (await admin.GetAsync("successions", AdminJson.Default.SuccessionsView, cancellationToken)).Successions)),
                Move(context, "switch", "Agents' certificates come from the successor from now on; the appliance's own stay with the old CA, which clients trust already.", "agentpki migrate ca switch"),
                Move(context, "rollback", "Agents' certificates come from the old CA again; what the successor issued stays valid.", "agentpki migrate ca rollback"),
                Move(context, "finish", "The appliance's own certificates follow, and the old chain is not given out any more. OCSP and CRL of the old CA go on.", "agentpki migrate ca finish"));

    private static Verb Plan(CommandContext context)
    {
        var options = SuccessionOptions.Create();
        return new Verb(
            "plan",
            "Says which CAs would be made, where their keys would live, and what stands in the way. Changes nothing.",
            "agentpki migrate ca plan --algorithm ml-dsa-65",
            "agentpki migrate ca plan --algorithm mldsa65-ecdsa-p256 --root-algorithm mldsa87-ecdsa-p384",
            "agentpki migrate ca plan --algorithm 'catalyst ecdsa-p256 + ml-dsa-65' --root-algorithm 'catalyst ecdsa-p384 + ml-dsa-87'")
            .With(options.All)
            .Asks(context, (admin, parsed, cancellationToken) => PlanAsync(context, admin, options.Read(parsed), cancellationToken));
    }

    private static Verb Start(CommandContext context)
    {
        var options = SuccessionOptions.Create();
        return new Verb(
            "start",
            "Makes the successors, and for a root the certificates old-with-new and new-with-old; EST cacerts gives all of them out from then on. Cut off, the same command continues.",
            "agentpki migrate ca start --algorithm ml-dsa-65 --root-algorithm ml-dsa-87",
            "agentpki migrate ca start --algorithm ecdsa-p384 --served-for 30d --switch-at 2027-06-01T06:00Z")
            .With(options.All)
            .Asks(context, async (admin, parsed, cancellationToken) =>
                Tell(context, await admin.PostAsync("successions", options.Read(parsed), AdminJson.Default.SuccessionCommand, AdminJson.Default.SuccessionChangeView, cancellationToken)));
    }

    private static Verb Move(CommandContext context, string verb, string description, string example)
    {
        var authority = AuthorityOf();
        return new Verb(verb, description, example)
            .With(authority)
            .Asks(context, async (admin, parsed, cancellationToken) =>
                Tell(context, await admin.PostAsync($"successions/{Uri.EscapeDataString(parsed.GetRequiredValue(authority))}/{verb}", AdminJson.Default.SuccessionChangeView, cancellationToken)));
    }

    internal static Option<string> AuthorityOf() => new("--ca") { Description = "The CA that gets, or has, the successor.", DefaultValueFactory = _ => "issuing" };

    private static async Task<int> PlanAsync(CommandContext context, AdminConnection admin, SuccessionCommand command, CancellationToken cancellationToken)
    {
        var plan = await admin.PostAsync("successions/plan", command, AdminJson.Default.SuccessionCommand, AdminJson.Default.SuccessionPlanView, cancellationToken);
        Output.Table(context.Terminal, ["CA", "KEY", "SUCCESSOR", "KEY", "LEVEL", "WHERE", "UNTIL", "SUBJECT"],
            [.. plan.Authorities.Select(a => new[] { a.Predecessor, a.PredecessorKeyAlgorithm, a.Name, a.KeyAlgorithm, Both(a.KeyProtection, a.AlternativeKeyProtection), Both(a.KeyProvider, a.AlternativeKeyProvider), Output.Time(a.NotAfter), a.Subject })],
            "Nothing would be made.");
        context.Terminal.Line($"Both chains would be given out until {Output.Time(plan.ServedUntil)}; agents' certificates would move {(plan.SwitchAt is { } at ? $"at {Output.Time(at)}" : "when 'migrate ca switch' says so")}.");
        Output.Remarks(context.Terminal, "Note", plan.Warnings);
        Output.Remarks(context.Terminal, "It cannot start", plan.Obstacles);
        return plan.Obstacles.Count == 0 ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static string Both(string first, string? second) => second is null ? first : $"{first} + {second}";

    private static int Tell(CommandContext context, SuccessionChangeView change)
    {
        Show(context, change.Successions);
        Output.Remarks(context.Terminal, "Note", change.Remarks);
        return ExitCodes.Success;
    }

    private static int Show(CommandContext context, IReadOnlyList<SuccessionView> successions)
    {
        Output.Table(
            context.Terminal,
            ["CA", "SUCCESSOR", "STATE", "SWITCH", "GIVEN OUT UNTIL"],
            [
                .. successions.Select(s => new[]
                {
                    s.Predecessor, s.Successor, s.State.ToString().ToLower(CultureInfo.InvariantCulture), s.SwitchAt is { } at ? Output.Time(at) : "when told", s.IsServed ? Output.Time(s.ServedUntil) : "not any more",
                }),
            ],
            "No CA has a successor.");
        return ExitCodes.Success;
    }
}

/// <summary>What a successor shall be; the same for plan and start.</summary>
internal sealed class SuccessionOptions
{
    private readonly Option<string> _authority = MigrateCaCommand.AuthorityOf();
    private readonly Option<string> _algorithm = new("--algorithm") { Description = "The successor's kind of key; two, which then both sign, as 'catalyst ecdsa-p256 + ml-dsa-65'.", Required = true };
    private readonly Option<string?> _root = new("--root-algorithm") { Description = "Of a new root above it, likewise; without it the root stays." };
    private readonly Option<string> _served = new("--served-for") { Description = "How long both chains and the roll-over certificates are given out.", DefaultValueFactory = _ => "90d" };
    private readonly Option<DateTimeOffset?> _switch = new("--switch-at") { Description = "When agents' certificates begin to come from the successor; without it: when 'migrate ca switch' says so." };
    private readonly Option<bool> _wrapped = new("--allow-token-wrapped") { Description = "Leave for keys that no token here makes itself and that would be token-wrapped." };

    private SuccessionOptions()
    {
    }

    internal Symbol[] All => [_authority, _algorithm, _root, _served, _switch, _wrapped];

    internal static SuccessionOptions Create() => new();

    internal SuccessionCommand Read(ParseResult parsed) => new(
        parsed.GetRequiredValue(_authority),
        parsed.GetRequiredValue(_algorithm),
        parsed.GetValue(_root),
        (long)Durations.Parse(parsed.GetRequiredValue(_served)).TotalSeconds,
        parsed.GetValue(_switch),
        parsed.GetValue(_wrapped));
}
