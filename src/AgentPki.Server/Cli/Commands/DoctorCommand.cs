using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Server.Doctor;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki doctor</c></summary>
internal static partial class DoctorCommand
{
    internal static Command Create(CommandContext context)
    {
        var json = new Option<bool>("--json") { Description = "One JSON document instead of lines." };
        return new Verb(
            "doctor",
            "Checks the whole environment (token, clock, database, ports, TLS, files) and says how to mend what is wrong. Exit code 1 when something fails.",
            "agentpki doctor",
            "agentpki doctor --json | jq '.[] | select(.verdict == \"fail\")'")
            .With(json)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetValue(json), cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, bool json, CancellationToken cancellationToken)
    {
        var findings = await context.Terminal.WorkAsync("examining", () => Examination.RunAsync(context, cancellationToken));
        if (json)
        {
            context.Terminal.Raw(JsonSerializer.Serialize(findings, DoctorJson.Default.IReadOnlyListFinding));
        }
        else
        {
            Print(context.Terminal, findings);
        }

        return findings.Any(f => f.Verdict == Verdict.Fail) ? ExitCodes.CheckFailed : ExitCodes.Success;
    }

    private static void Print(Terminal terminal, IReadOnlyList<Finding> findings)
    {
        var width = findings.Max(f => f.Check.Length);
        foreach (var finding in findings)
        {
            var (mark, colour) = finding.Verdict switch
            {
                Verdict.Ok => ("ok  ", "green"),
                Verdict.Warn => ("warn", "yellow"),
                Verdict.Fail => ("FAIL", "red"),
            };
            terminal.Markup($"[{colour}]{mark}[/]  {finding.Check.PadRight(width)}  {Markup.Escape(finding.Detail)}");
            if (finding.Remedy is { } remedy)
            {
                terminal.Markup($"      {"".PadRight(width)}  [bold]{Markup.Escape(remedy)}[/]");
            }
        }

        var failed = findings.Count(f => f.Verdict == Verdict.Fail);
        terminal.Line(failed == 0 ? "Nothing is wrong." : $"{failed} of {findings.Count} checks failed.");
    }

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, WriteIndented = true)]
    [JsonSerializable(typeof(IReadOnlyList<Finding>))]
    private sealed partial class DoctorJson : JsonSerializerContext;
}
