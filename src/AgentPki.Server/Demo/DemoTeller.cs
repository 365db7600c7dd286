using System.Globalization;
using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Stage;
using AgentPki.Server.Up;
using Spectre.Console;

namespace AgentPki.Server.Demo;

/// <summary>What the story says: a numbered line for each step, what came of it below, and how one would do the same by hand.</summary>
internal sealed class DemoTeller(CommandContext context, DemoPlace place)
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);
    private int _steps;

    internal void Begin()
    {
        var terminal = context.Terminal;
        terminal.Markup($"[bold]AgentPki {Markup.Escape(Composition.VersionText.Number)}[/]: an orchestrator, its two children and a tool service, in processes of their own, in {Markup.Escape(place.Root)}");
        terminal.Line();
        terminal.Line("Lines that begin with $ are what one types to do the same by hand, with");
        if (context.Variable(Story.LauncherVariable) is { Length: > 0 } launcher)
        {
            terminal.Line($"  alias agentpki={Quote(Path.GetFullPath(launcher, context.WorkingFolder))}");
        }

        terminal.Line($"  export AGENTPKI_HOME={place.Home.Root} PKI={place.Pki.OriginalString} TOOLS={place.Tools.OriginalString}; cd {place.Root}");
    }

    internal void Step(string title)
    {
        context.Terminal.Line();
        context.Terminal.Markup(string.Create(CultureInfo.InvariantCulture, $"[bold]{++_steps,2}  {Markup.Escape(title)}[/]"));
    }

    /// <summary>What came of it.</summary>
    internal void Came(string text) => context.Terminal.Markup($"    [green]✓[/] {Markup.Escape(text)}");

    /// <summary>A command of this program.</summary>
    internal void Typed(params IEnumerable<string> arguments) => ByHand($"agentpki {string.Join(' ', arguments.Select(Quote))}");

    /// <summary>A command.</summary>
    internal void ByHand(string command) => context.Terminal.Markup($"    [grey]$ {Markup.Escape(command.Replace(place.Root + "/", "", StringComparison.Ordinal))}[/]");

    internal void Table(IReadOnlyList<string> columns, IReadOnlyCollection<IReadOnlyList<string>> rows) => Output.Table(context.Terminal, columns, rows, "");

    internal void End(TimeSpan slowest, bool kept)
    {
        var terminal = context.Terminal;
        terminal.Line();
        terminal.Markup(string.Create(CultureInfo.InvariantCulture, $"[bold]Every step was as told.[/] All three were out of the tool service, OAuth, SPIFFE and re-enrolment after {Milliseconds(slowest)}{(slowest > Promised ? ", which is longer than the second that is promised: this machine is busy, or something is wrong" : "")}."));
        terminal.Line(kept
            ? $"Its files lie in {place.Root}. 'agentpki audit show' and 'agentpki up' work on them, with AGENTPKI_HOME as above."
            : "Nothing is left: no process, no file ('--keep' leaves the files).");
    }

    internal static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:F0} ms");

    private static string Quote(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or '=' or '@') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
