using System.Text;
using Spectre.Console;

namespace AgentPki.Server.Cli;

/// <summary>The two streams of a command: what it tells (standard output) and what went wrong (standard error).</summary>
/// <remarks>On a terminal with colour and progress; into a file or a pipe plain lines that are never wrapped.</remarks>
public sealed class Terminal
{
    private const int UnwrappedWidth = 4096;
    private readonly TextWriter _rawOutput;

    public Terminal(TextWriter output, TextWriter error, bool interactive)
    {
        _rawOutput = output;
        Interactive = interactive;
        Out = Create(output, interactive);
        Error = Create(error, interactive);
    }

    /// <summary>Whether a person watches.</summary>
    public bool Interactive { get; }

    public IAnsiConsole Out { get; }

    public IAnsiConsole Error { get; }

    public static Terminal ForProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var output = new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true };
        var error = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true };
        return new Terminal(TextWriter.Synchronized(output), TextWriter.Synchronized(error), !Console.IsOutputRedirected && !Console.IsErrorRedirected);
    }

    /// <summary>Prints one line as it is: no markup is read from it.</summary>
    public void Line(string text = "") => Out.WriteLine(text);

    /// <summary>Prints one line of Spectre markup; what comes from outside must be escaped by the caller.</summary>
    public void Markup(string markup) => Out.MarkupLine(markup);

    /// <summary>Prints text byte for byte (JSON, PEM): never coloured, never wrapped.</summary>
    public void Raw(string text) => _rawOutput.WriteLine(text);

    public void Warn(string text) => Error.MarkupLine($"[yellow]agentpki: {Spectre.Console.Markup.Escape(text)}[/]");

    public void Fail(string message, string remedy) =>
        Error.MarkupLine($"[red]agentpki: {Spectre.Console.Markup.Escape(message)}[/] {Spectre.Console.Markup.Escape(remedy)}");

    /// <summary>Runs long work under a spinner; without a terminal the work is silent and its caller prints the result.</summary>
    public async Task<T> WorkAsync<T>(string title, Func<Task<T>> work) =>
        Interactive ? await Out.Status().StartAsync(Spectre.Console.Markup.Escape(title), _ => work()) : await work();

    private static IAnsiConsole Create(TextWriter writer, bool interactive)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!interactive)
        {
            console.Profile.Width = UnwrappedWidth;
        }

        return console;
    }
}
