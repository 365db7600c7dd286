using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentPki.Server.Cli.Commands;

/// <summary>
/// <c>agentpki migrate status NAME --watch</c>: follows a campaign until it is over; a bar for every stage on a terminal, a line for every change elsewhere. An appliance that
/// goes away is waited for: a campaign outlives its restart.
/// </summary>
internal static class MigrateWatch
{
    private const int BarWidth = 40;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    internal static async Task<int> RunAsync(CommandContext context, AdminConnection admin, string name, CancellationToken cancellationToken)
    {
        var terminal = context.Terminal;
        Task<CampaignView> AskAsync() => admin.GetAsync(MigrateCommand.PathOf(name), AdminJson.Default.CampaignView, cancellationToken);
        var first = await AskAsync();
        CampaignView last;
        if (terminal.Interactive)
        {
            last = await terminal.Out.Live(Render(first, null, terminal.Out.Profile.Capabilities.Unicode)).AutoClear(false).StartAsync(live => FollowAsync(
                first,
                AskAsync,
                (view, trouble) => live.UpdateTarget(Render(view, trouble, terminal.Out.Profile.Capabilities.Unicode)),
                cancellationToken));
        }
        else
        {
            var told = "";
            last = await FollowAsync(
                first,
                AskAsync,
                (view, trouble) =>
                {
                    if ((trouble ?? MigrateStatus.Summary(view)) is var line && line != told)
                    {
                        terminal.Line(told = line);
                    }
                },
                cancellationToken);
        }

        terminal.Line($"Campaign {last.Name} is {MigrateStatus.Word(last.State)}: {MigrateStatus.Summary(last)}.");
        return ExitCodes.Success;
    }

    /// <summary>A row for every stage: its name, a bar, how many of the agents have come so far; then who does not get on, and what else is wrong.</summary>
    internal static IRenderable Render(CampaignView view, string? trouble, bool unicode)
    {
        var bar = unicode ? '━' : '-';
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap());
        var (stages, total) = Stages(view);
        foreach (var (name, count) in stages)
        {
            var filled = total == 0 ? 0 : BarWidth * count / total;
            grid.AddRow(
                new Text(name),
                new Markup($"[green]{new string(bar, filled)}[/][grey]{new string(bar, BarWidth - filled)}[/]"),
                new Text(string.Create(CultureInfo.InvariantCulture, $"{count} of {total}")));
        }

        var lines = new List<IRenderable> { new Text($"Campaign {view.Name} is {MigrateStatus.Word(view.State)}, {MigrateCommand.Percent(view.Share)} to {view.Target}"), grid };
        if (view.Failed + view.Stuck > 0)
        {
            lines.Add(new Markup($"[yellow]{view.Failed} failed, {view.Stuck} stuck[/]: 'migrate status {Markup.Escape(view.Name)}' says who and why"));
        }

        if (trouble is not null)
        {
            lines.Add(new Markup($"[yellow]{Markup.Escape(trouble)}[/]"));
        }

        return new Rows(lines);
    }

    /// <summary>How many agents have come to each stage or beyond it; of a roll-back on the way back.</summary>
    private static ((string Name, int Count)[] Stages, int Total) Stages(CampaignView v) => v.State is CampaignState.RollingBack or CampaignState.RolledBack
        ? ([("asked back", v.Returning + v.Returned + v.RolledBack), ("returned", v.Returned + v.RolledBack), ("rolled back", v.RolledBack)], v.Agents)
        : ([
            ("switched", v.Switched + v.Issued + v.InUse + v.Retired), ("issued", v.Issued + v.InUse + v.Retired), ("in use", v.InUse + v.Retired), ("retired", v.Retired),
        ], v.Agents - v.Left);

    private static async Task<CampaignView> FollowAsync(CampaignView view, Func<Task<CampaignView>> ask, Action<CampaignView, string?> show, CancellationToken cancellationToken)
    {
        string? trouble = null;
        while (true)
        {
            show(view, trouble);
            if (view.State is CampaignState.Completed or CampaignState.RolledBack)
            {
                return view;
            }

            await Task.Delay(Pace, cancellationToken);
            try
            {
                (view, trouble) = (await ask(), null);
            }
            catch (CommandException gone) when (gone.ExitCode == ExitCodes.NotRunning)
            {
                trouble = gone.Message;
            }
        }
    }
}
