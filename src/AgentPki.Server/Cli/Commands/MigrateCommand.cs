using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki migrate plan|start|status|pause|resume|rollback|ca</c></summary>
internal static class MigrateCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb(
            "migrate",
            "Moves agents to another kind of key or another profile, share by share; back again too.",
            "agentpki migrate plan --from ecdsa-p256 --to ml-dsa-65",
            "agentpki migrate start pq --from ecdsa-p256 --to ml-dsa-65 --share 5%",
            "agentpki migrate status pq --watch")
            .With(Plan(context), Start(context), MigrateStatus.Create(context), Pause(context), Resume(context), RollBack(context), MigrateCaCommand.Create(context));

    private static Verb Plan(CommandContext context)
    {
        var options = CampaignOptions.Create();
        return new Verb(
            "plan",
            "Says what a campaign would do: who is selected, what would change, how fast, and what stands in the way. Changes nothing.",
            "agentpki migrate plan --from ecdsa-p256 --to ml-dsa-65",
            "agentpki migrate plan --from ecdsa-p256 --from rsa-3072 --owner team-a --profile agent --to mldsa65-ecdsa-p256 --share 10%",
            "agentpki migrate plan --profile agent --to-profile agent-pq")
            .With(options.All)
            .Asks(context, (admin, parsed, cancellationToken) => PlanAsync(context, admin, options.Read(parsed), cancellationToken));
    }

    private static Verb Start(CommandContext context)
    {
        var options = CampaignOptions.Create();
        return new Verb(
            "start",
            "Starts a campaign, or switches a greater share of one that runs. Agents of the share are told by csrattrs, and refused with other keys, from then on.",
            "agentpki migrate start pq --from ecdsa-p256 --to ml-dsa-65 --share 5%",
            "agentpki migrate start pq --share 50%",
            "agentpki migrate start hybrid --owner team-a --to mldsa65-ecdsa-p256 --grace 7d",
            "agentpki migrate start quiet --from rsa-3072 --to ecdsa-p256 --retire lapse")
            .With(options.All)
            .Asks(context, (admin, parsed, cancellationToken) => StartAsync(context, admin, options.Read(parsed), options.IsNew(parsed), cancellationToken));
    }

    private static Verb Pause(CommandContext context) => Simple(
        context, "pause", "Holds on: nothing more is switched or retired. Agents that were switched already may still enrol for the target.", "agentpki migrate pause pq");

    private static Verb Resume(CommandContext context) => Simple(context, "resume", "Goes on with a paused campaign.", "agentpki migrate resume pq");

    private static Verb RollBack(CommandContext context)
    {
        var name = NameOf();
        var share = new Option<string>("--share") { Description = "Only what this smaller share does not cover; 0% is all of it.", DefaultValueFactory = _ => "0%" };
        return new Verb(
            "rollback",
            "Takes a campaign back: its agents enrol for what they had, and lose the new certificate only once that is in use. Old certificates that were revoked stay revoked; the answer says how many.",
            "agentpki migrate rollback pq",
            "agentpki migrate rollback pq --share 25%")
            .With(name, share)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var command = new CampaignShareCommand(CampaignOptions.ReadShare(parsed.GetRequiredValue(share)));
                return Tell(context, await admin.PostAsync($"{PathOf(parsed.GetRequiredValue(name))}/rollback", command, AdminJson.Default.CampaignShareCommand, AdminJson.Default.CampaignChangeView, cancellationToken));
            });
    }

    private static Verb Simple(CommandContext context, string verb, string description, string example)
    {
        var name = NameOf();
        return new Verb(verb, description, example)
            .With(name)
            .Asks(context, async (admin, parsed, cancellationToken) =>
                Tell(context, await admin.PostAsync($"{PathOf(parsed.GetRequiredValue(name))}/{verb}", AdminJson.Default.CampaignChangeView, cancellationToken)));
    }

    private static async Task<int> PlanAsync(CommandContext context, AdminConnection admin, CampaignCommand command, CancellationToken cancellationToken)
    {
        var plan = await admin.PostAsync("campaigns/plan", command, AdminJson.Default.CampaignCommand, AdminJson.Default.CampaignPlanView, cancellationToken);
        Output.Facts(
            context.Terminal,
            [
                ("campaign", $"{plan.Name}: to {plan.Target}, {Percent(plan.Share)} (nothing was changed)"),
                ("selected", $"{plan.Agents} agents with {plan.Certificates} live certificates"),
                ("switched", $"{plan.Switched} of them"),
                ("owners", plan.Owners.Count == 0 ? "none" : string.Join(", ", plan.Owners.Take(10).Select(o => $"{o.Key} {o.Value}")) + (plan.Owners.Count > 10 ? ", …" : "")),
                ("load", string.Create(CultureInfo.InvariantCulture, $"{plan.Switched} certificates, {plan.Octets / 1e6:0.0} MB; {plan.PerMinute:0.##} a minute{(plan.Deadline is { } end ? $" if they come evenly until {Output.Time(end)}, when the last certificate ends" : "")}")),
            ]);
        Output.Table(context.Terminal, ["PROFILE", "FROM", "TO", "CA", "AGENTS", "CERTIFICATES"],
            [.. plan.Lines.Select(l => new[] { l.Profile, l.From ?? "unknown", l.To, l.Issuer, Number(l.Agents), Number(l.Certificates) })], "Nothing would change.");
        foreach (var agent in plan.Sample)
        {
            context.Terminal.Line($"  {agent}");
        }

        if (plan.Switched > plan.Sample.Count && plan.Sample.Count > 0)
        {
            context.Terminal.Line($"  and {plan.Switched - plan.Sample.Count} more");
        }

        Output.Remarks(context.Terminal, "Warning", plan.Warnings);
        Output.Remarks(context.Terminal, "It cannot start", plan.Obstacles);
        return plan.Obstacles.Count == 0 ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static async Task<int> StartAsync(CommandContext context, AdminConnection admin, CampaignCommand command, bool isNew, CancellationToken cancellationToken)
    {
        if (!isNew && command.Name is { } name)
        {
            return Tell(context, await admin.PostAsync($"{PathOf(name)}/share", new CampaignShareCommand(command.Share), AdminJson.Default.CampaignShareCommand, AdminJson.Default.CampaignChangeView, cancellationToken));
        }

        if (!isNew)
        {
            throw new CommandException(ExitCodes.Usage, "Say what to move to: --to KEY or --to-profile PROFILE; or name a running campaign and its new --share.", "'agentpki migrate plan' shows what would happen.");
        }

        return Tell(context, await admin.PostAsync("campaigns", command, AdminJson.Default.CampaignCommand, AdminJson.Default.CampaignChangeView, cancellationToken));
    }

    private static int Tell(CommandContext context, CampaignChangeView change)
    {
        context.Terminal.Line($"Campaign {change.Campaign.Name} is {MigrateStatus.Word(change.Campaign.State)} at {Percent(change.Campaign.Share)}: {MigrateStatus.Summary(change.Campaign)}.");
        Output.Remarks(context.Terminal, null, change.Remarks);
        return ExitCodes.Success;
    }

    internal static Argument<string> NameOf() => new("name") { Description = "The campaign; 'migrate status' lists them." };

    internal static string PathOf(string name) => $"campaigns/{Uri.EscapeDataString(name)}";

    internal static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share:0.##} %");

    internal static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What selects agents and says where they go; the same for plan and start.</summary>
internal sealed class CampaignOptions
{
    private readonly Argument<string?> _name = new("name") { Description = "Its name: lower-case letters, digits, '-'. One is made unless told.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> _from = new("--from") { Description = "Agents whose certificate has this kind of key; may be repeated.", DefaultValueFactory = _ => [] };
    private readonly Option<string[]> _owner = new("--owner") { Description = "Agents of this owner; may be repeated.", DefaultValueFactory = _ => [] };
    private readonly Option<string[]> _profile = new("--profile") { Description = "Certificates of this profile; may be repeated.", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _to = new("--to") { Description = "The kind of key to move to; 'agentpki algorithms' lists them." };
    private readonly Option<string?> _toProfile = new("--to-profile") { Description = "The profile to move to; its label need not change at the agents." };
    private readonly Option<string> _share = new("--share") { Description = "How many of the selected agents are switched, the same ones every time: 5%, 0.5%, 100%.", DefaultValueFactory = _ => "100%" };
    private readonly Option<Retirement> _retire = new("--retire") { Description = "What becomes of old certificates once the new one is in use: revoked (superseded), or left to lapse.", DefaultValueFactory = _ => Retirement.Revoke };
    private readonly Option<string> _grace = new("--grace") { Description = "How long old certificates stay good after the new one was seen in use.", DefaultValueFactory = _ => "1d" };
    private readonly Option<string> _patience = new("--patience") { Description = "After how long without progress an agent counts as stuck.", DefaultValueFactory = _ => "3d" };

    private CampaignOptions()
    {
    }

    internal Symbol[] All => [_name, _from, _owner, _profile, _to, _toProfile, _share, _retire, _grace, _patience];

    internal static CampaignOptions Create() => new();

    internal bool IsNew(ParseResult parsed) => parsed.GetValue(_to) is not null || parsed.GetValue(_toProfile) is not null;

    internal CampaignCommand Read(ParseResult parsed) => new(
        parsed.GetValue(_name),
        parsed.GetValue(_from),
        parsed.GetValue(_owner),
        parsed.GetValue(_profile),
        parsed.GetValue(_to),
        parsed.GetValue(_toProfile),
        ReadShare(parsed.GetRequiredValue(_share)),
        parsed.GetValue(_retire),
        (long)Durations.Parse(parsed.GetRequiredValue(_grace)).TotalSeconds,
        (long)Durations.Parse(parsed.GetRequiredValue(_patience)).TotalSeconds);

    internal static double ReadShare(string text) =>
        double.TryParse(text.AsSpan().TrimEnd('%').Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? percent
            : throw new CommandException(ExitCodes.Usage, $"'{text}' is not a share.", "Write it as 5%, 0.5% or 100%.");
}
