using System.Text;
using Spectre.Console;

namespace AgentPki.Server.Cli;

/// <summary>The two streams of a command: what it tells (standard output) and what went wrong (standard error).</summary>
/// <remarks>On a terminal with colour and progress; into a file or a pipe plain lines that are never wrapped.</remarks>
public sealed class Terminal
{
    private const int UnwrappedWidth = 4096;
    private LossyStream? _lossy;

    public Terminal(TextWriter output, TextWriter error, bool interactive)
    {
        RawOutput = output;
        Interactive = interactive;
        Out = Create(output, interactive);
        Error = Create(error, interactive);
    }

    /// <summary>Whether a person watches.</summary>
    public bool Interactive { get; }

    public IAnsiConsole Out { get; }

    public IAnsiConsole Error { get; }

    /// <summary>Standard output without Spectre, for what formats itself.</summary>
    public TextWriter RawOutput { get; }

    /// <summary>Why standard output lost something, once it has.</summary>
    public IOException? OutputFailure => _lossy?.Failure;

    public static Terminal ForProcess() =>
        ForStreams(Console.OpenStandardOutput(), Console.OpenStandardError(), !Console.IsOutputRedirected && !Console.IsErrorRedirected);

    /// <summary>A terminal over two streams; one that takes no more (a full disk under a redirection) never ends the command.</summary>
    public static Terminal ForStreams(Stream output, Stream error, bool interactive)
    {
        var lossy = new LossyStream(output);
        return new Terminal(Writer(lossy), Writer(new LossyStream(error)), interactive) { _lossy = lossy };
    }

    /// <summary>Prints one line as it is: no markup is read from it.</summary>
    public void Line(string text = "") => Out.WriteLine(text);

    /// <summary>Prints one line of Spectre markup; what comes from outside must be escaped by the caller.</summary>
    public void Markup(string markup) => Out.MarkupLine(markup);

    /// <summary>Prints text byte for byte (JSON, PEM): never coloured, never wrapped.</summary>
    public void Raw(string text) => RawOutput.WriteLine(text);

    public void Warn(string text) => Error.MarkupLine($"[yellow]agentpki: {Spectre.Console.Markup.Escape(text)}[/]");

    public void Fail(string message, string remedy) =>
        Error.MarkupLine($"[red]agentpki: {Spectre.Console.Markup.Escape(message)}[/] {Spectre.Console.Markup.Escape(remedy)}");

    /// <summary>Runs long work under a spinner; without a terminal the work is silent and its caller prints the result.</summary>
    public async Task<T> WorkAsync<T>(string title, Func<Task<T>> work) =>
        Interactive ? await Out.Status().StartAsync(Spectre.Console.Markup.Escape(title), _ => work()) : await work();

    private static TextWriter Writer(Stream stream) =>
        TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

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
