using System.CommandLine;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki migrate status</c>: numbers, who does not get on, and a view that follows.</summary>
internal static class MigrateStatus
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

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
            .Runs(async (parsed, cancellationToken) =>
            {
                using var admin = new AdminConnection(context.Home());
                return (parsed.GetValue(name), parsed.GetValue(watch)) switch
                {
                    (null, false) => await ListAsync(context, admin, parsed.GetValue(json), cancellationToken),
                    (null, true) => throw new CommandException(ExitCodes.Usage, "--watch follows one campaign.", "Name it: 'agentpki migrate status NAME --watch'."),
                    ({ } one, true) => await WatchAsync(context, admin, one, cancellationToken),
                    ({ } one, false) => await ShowAsync(context, admin, one, parsed.GetValue(json), cancellationToken),
                };
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
                ("old ones", campaign.Retirement == Retirement.Revoke ? $"revoked {Configuration.Durations.Format(TimeSpan.FromSeconds(campaign.Grace))} after the new one was seen in use" : "left to lapse"),
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

    private static string Selector(CampaignView c)
    {
        var parts = new[] { ("kinds of keys", c.From), ("owners", c.Owners), ("profiles", c.Profiles) }.Where(p => p.Item2.Count > 0).Select(p => $"{p.Item1} {string.Join(", ", p.Item2)}");
        return string.Join("; ", parts) is { Length: > 0 } text ? text : "every agent";
    }

    private static async Task<int> WatchAsync(CommandContext context, AdminConnection admin, string name, CancellationToken cancellationToken)
    {
        Task<CampaignView> Ask() => admin.GetAsync(MigrateCommand.PathOf(name), AdminJson.Default.CampaignView, cancellationToken);
        var last = context.Terminal.Interactive ? await BarsAsync(context.Terminal.Out, Ask, cancellationToken) : await LinesAsync(context.Terminal, Ask, cancellationToken);
        context.Terminal.Line($"Campaign {last.Name} is {Word(last.State)}: {Summary(last)}.");
        return ExitCodes.Success;
    }

    private static async Task<CampaignView> BarsAsync(IAnsiConsole console, Func<Task<CampaignView>> ask, CancellationToken cancellationToken) =>
        await console.Progress().AutoClear(false).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn()).StartAsync(async progress =>
        {
            var view = await ask();
            var bars = new[] { progress.AddTask("switched"), progress.AddTask("issued"), progress.AddTask("in use"), progress.AddTask("retired") };
            while (true)
            {
                var beyond = new[]
                {
                    view.Switched + view.Issued + view.InUse + view.Retired, view.Issued + view.InUse + view.Retired, view.InUse + view.Retired, view.Retired,
                };
                for (var i = 0; i < bars.Length; i++)
                {
                    (bars[i].MaxValue, bars[i].Value) = (Math.Max(1, view.Agents - view.Left), beyond[i]);
                }

                if (IsOver(view))
                {
                    return view;
                }

                await Task.Delay(Pace, cancellationToken);
                view = await ask();
            }
        });

    private static async Task<CampaignView> LinesAsync(Terminal terminal, Func<Task<CampaignView>> ask, CancellationToken cancellationToken)
    {
        var told = "";
        while (true)
        {
            var view = await ask();
            if (IsOver(view))
            {
                return view;
            }

            if (Summary(view) is var summary && summary != told)
            {
                terminal.Line(told = summary);
            }

            await Task.Delay(Pace, cancellationToken);
        }
    }

    private static bool IsOver(CampaignView view) => view.State is CampaignState.Completed or CampaignState.RolledBack;
}
