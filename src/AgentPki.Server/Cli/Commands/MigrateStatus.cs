using System.CommandLine;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki migrate status</c>: numbers, and who does not get on.</summary>
internal static class MigrateStatus
{
    internal static Verb Create(CommandContext context)
    {
        var name = new Argument<string?>("name") { Description = "One campaign; all of them unless told.", Arity = ArgumentArity.ZeroOrOne };
        var watch = new Option<bool>("--watch") { Description = "Follows until it is over, or Ctrl-C." };
        var json = new Option<bool>("--json") { Description = "The admin API's answer as it is." };
        return new Verb(
            "status",
            "Shows campaigns: how many agents are where, which do not get on, and why.",
            "agentpki migrate status",
            "agentpki migrate status pq",
            "agentpki migrate status pq --watch",
            "agentpki migrate status pq --json | jq .retired")
            .With(name, watch, json)
            .Asks(context, (admin, parsed, cancellationToken) => (parsed.GetValue(name), parsed.GetValue(watch)) switch
            {
                (null, false) => ListAsync(context, admin, parsed.GetValue(json), cancellationToken),
                (null, true) => throw new CommandException(ExitCodes.Usage, "--watch follows one campaign.", "Name it: 'agentpki migrate status NAME --watch'."),
                ({ } one, true) => MigrateWatch.RunAsync(context, admin, one, cancellationToken),
                ({ } one, false) => ShowAsync(context, admin, one, parsed.GetValue(json), cancellationToken),
            });
    }

    internal static string Word(CampaignState state) => state switch
    {
        CampaignState.Running => "running",
        CampaignState.Paused => "paused",
        CampaignState.RollingBack => "being rolled back",
        CampaignState.Completed => "complete",
        CampaignState.RolledBack => "rolled back",
    };

    /// <summary>One line: every state that somebody is in.</summary>
    internal static string Summary(CampaignView campaign)
    {
        var parts = States(campaign).Where(s => s.Count > 0).Select(s => $"{s.Count} {s.Name}");
        var trouble = (campaign.Failed > 0 ? $"; {campaign.Failed} failed" : "") + (campaign.Stuck > 0 ? $"; {campaign.Stuck} stuck" : "");
        return (campaign.Agents == 0 ? "no agents" : string.Join(", ", parts)) + trouble;
    }

    private static (string Name, int Count)[] States(CampaignView c) =>
    [
        ("selected", c.Selected), ("switched", c.Switched), ("issued", c.Issued), ("in use", c.InUse), ("retired", c.Retired),
        ("returning", c.Returning), ("returned", c.Returned), ("rolled back", c.RolledBack), ("left", c.Left),
    ];

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, bool json, CancellationToken cancellationToken)
    {
        var found = await admin.GetAsync("campaigns", AdminJson.Default.CampaignsView, cancellationToken);
        if (json)
        {
            context.Terminal.Raw(System.Text.Json.JsonSerializer.Serialize(found, AdminJson.Default.CampaignsView));
            return ExitCodes.Success;
        }

        Output.Table(
            context.Terminal,
            ["NAME", "STATE", "TARGET", "SHARE", "AGENTS", "RETIRED", "FAILED", "STUCK"],
            [
                .. found.Campaigns.Select(c => new[]
                {
                    c.Name, Word(c.State), c.Target, MigrateCommand.Percent(c.Share), MigrateCommand.Number(c.Agents), MigrateCommand.Number(c.Retired), MigrateCommand.Number(c.Failed), MigrateCommand.Number(c.Stuck),
                }),
            ],
            "No campaigns yet.");
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string name, bool json, CancellationToken cancellationToken)
    {
        var campaign = await admin.GetAsync(MigrateCommand.PathOf(name), AdminJson.Default.CampaignView, cancellationToken);
        if (json)
        {
            context.Terminal.Raw(System.Text.Json.JsonSerializer.Serialize(campaign, AdminJson.Default.CampaignView));
            return ExitCodes.Success;
        }

        Output.Facts(
            context.Terminal,
            [
                ("campaign", $"{campaign.Name}, {Word(campaign.State)}, by {campaign.CreatedBy} since {Output.Time(campaign.Created)}"),
                ("selects", Selector(campaign)),
                ("target", $"{campaign.Target}, {MigrateCommand.Percent(campaign.Share)} of the agents"),
                ("old ones", OldOnes(campaign)),
                .. States(campaign).Where(s => s.Count > 0).Select(s => (s.Name, MigrateCommand.Number(s.Count))),
                ("failed", MigrateCommand.Number(campaign.Failed)),
                ("stuck", MigrateCommand.Number(campaign.Stuck)),
            ]);
        foreach (var member in campaign.Waiting ?? [])
        {
            context.Terminal.Line($"  {member.Agent} ({(member.Failed ? "failed" : "stuck")} since {Output.Time(member.Since)}): {member.Reason}");
        }

        return ExitCodes.Success;
    }

    private static string OldOnes(CampaignView c) => (c.Retirement, c.Grace) switch
    {
        (Retirement.Lapse, _) => "left to lapse",
        (Retirement.Revoke, 0) => "revoked as soon as the new one was seen in use",
        (Retirement.Revoke, _) => $"revoked {Configuration.Durations.Format(TimeSpan.FromSeconds(c.Grace))} after the new one was seen in use",
    };

    private static string Selector(CampaignView c)
    {
        var parts = new[] { ("kinds of keys", c.From), ("owners", c.Owners), ("profiles", c.Profiles) }.Where(p => p.Item2.Count > 0).Select(p => $"{p.Item1} {string.Join(", ", p.Item2)}");
        return string.Join("; ", parts) is { Length: > 0 } text ? text : "every agent";
    }
}
