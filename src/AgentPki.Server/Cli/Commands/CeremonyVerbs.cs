using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Server.Ceremony;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki ceremony steps|plan|run|resume|list|verify|report</c></summary>
internal static class CeremonyVerbs
{
    internal static IReadOnlyList<Command> Create(CommandContext context)
    {
        var script = new Argument<string>("script") { Description = "The ceremony's script (YAML)." };
        var plan = new Option<string?>("--plan") { Description = "The plan that 'ceremony plan' wrote; left out: one is made now." };
        var rehearse = new Option<bool>("--rehearse") { Description = "On a throwaway token in a throwaway home: everything is done as in the real ceremony, and nothing of it stays but the evidence." };
        var output = new Option<string?>("--out") { Description = "Where to write it." };
        var id = new Argument<string>("id") { Description = "The ceremony's id, as 'ceremony list' shows it." };
        var folder = new Argument<string>("folder") { Description = "The folder with the evidence." };
        var digest = new Option<string?>("--plan-sha256") { Description = "The digest of the plan as somebody who was there knows it." };
        return
        [
            new Verb("steps", "Lists the kinds of steps that a script can have, and their fields.", "agentpki ceremony steps")
                .Runs((_, _) => Task.FromResult(Steps(context))),
            new Verb("plan", "Checks a script and prints the plan and its digest, which officers compare. Changes nothing.", "agentpki ceremony plan root.yaml", "agentpki ceremony plan root.yaml --out root.plan")
                .With(script, output, rehearse)
                .Runs((parsed, _) => Task.FromResult(Guarded(() => Plan(context, parsed.GetRequiredValue(script), parsed.GetValue(output), parsed.GetValue(rehearse))))),
            new Verb("run", "Holds a ceremony, at this terminal, with its officers.", "agentpki ceremony run root.yaml --rehearse", "agentpki ceremony run root.yaml --plan root.plan")
                .With(script, plan, rehearse)
                .Runs((parsed, cancellationToken) => GuardedAsync(() => RunAsync(context, parsed.GetRequiredValue(script), parsed.GetValue(plan), parsed.GetValue(rehearse), cancellationToken))),
            new Verb("resume", "Takes a ceremony up where it stopped.", "agentpki ceremony resume 4f0c…")
                .With(id)
                .Runs((parsed, cancellationToken) => GuardedAsync(() => ResumeAsync(context, parsed.GetRequiredValue(id), cancellationToken))),
            new Verb("list", "Lists the ceremonies of a home.", "agentpki ceremony list")
                .Runs((_, _) => Task.FromResult(List(context))),
            new Verb("verify", "Verifies a ceremony's evidence: needs no home, no token and no network.", "agentpki ceremony verify /media/usb/4f0c…", "agentpki ceremony verify evidence --plan-sha256 91c4…")
                .With(folder, digest)
                .Runs((parsed, _) => Task.FromResult(Verify(context, parsed.GetRequiredValue(folder), parsed.GetValue(digest)))),
            new Verb("report", "Verifies a ceremony's evidence and writes its minutes as HTML, to be printed.", "agentpki ceremony report evidence --out minutes.html")
                .With(folder, output)
                .Runs((parsed, _) => Task.FromResult(Report(context, parsed.GetRequiredValue(folder), parsed.GetValue(output)))),
        ];
    }

    private static int Steps(CommandContext context)
    {
        foreach (var kind in StepKinds.All)
        {
            context.Terminal.Line($"{kind.Name}: {kind.Meaning}");
            foreach (var field in kind.Fields)
            {
                context.Terminal.Line($"  {field.Name,-14} {field.Meaning}{(field.IsRequired ? " (required)" : field.Otherwise is { } otherwise ? $" (default: {otherwise})" : "")}");
            }
        }

        context.Terminal.Line("Every step may have a quorum of its own (quorum: 3).");
        return ExitCodes.Success;
    }

    private static int Plan(CommandContext context, string script, string? output, bool rehearse)
    {
        var path = Existing(context, script);
        var name = ConfigurationReader.Load(context.Home(), context.Variable).Name;
        var plan = CeremonyTable.Plan(name, path, File.ReadAllBytes(path), rehearse, context.Clock);
        PlanText.Show(context.Terminal, plan);
        if (output is not null)
        {
            File.WriteAllBytes(Path.GetFullPath(output, context.WorkingFolder), plan.Encode());
            context.Terminal.Line($"The plan is in {output}. Next: agentpki ceremony run {script} --plan {output}{(rehearse ? " --rehearse" : "")}");
        }
        else
        {
            context.Terminal.Line("Nothing was written: each plan has an id of its own, so that --out FILE is what keeps this one.");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> RunAsync(CommandContext context, string script, string? planFile, bool rehearse, CancellationToken cancellationToken)
    {
        TerminalInput.RequireTerminal();
        var path = Existing(context, script);
        var text = await File.ReadAllBytesAsync(path, cancellationToken);
        using var table = rehearse ? await CeremonyTable.OpenRehearsalAsync(context, context.Home(), cancellationToken) : CeremonyTable.Open(context, context.Home());
        var plan = planFile is null ? CeremonyTable.Plan(table.Name, path, text, rehearse, context.Clock) : ReadPlan(Existing(context, planFile));
        if (plan.Rehearsal != rehearse)
        {
            throw new CommandException(ExitCodes.Usage, plan.Rehearsal ? "The plan is one of a rehearsal." : "The plan is not one of a rehearsal.", plan.Rehearsal ? "Add --rehearse, or make a plan of the real ceremony." : "Leave --rehearse out, or make a plan with it.");
        }

        return Tell(context, plan.Id, table.SettingOf(plan.Id, Path.GetDirectoryName(path) ?? "/"), await CeremonyRun.RunAsync(plan, text, table.SettingOf(plan.Id, Path.GetDirectoryName(path) ?? "/"), cancellationToken));
    }

    private static async Task<int> ResumeAsync(CommandContext context, string id, CancellationToken cancellationToken)
    {
        TerminalInput.RequireTerminal();
        var home = Rehearsal.Find(context.Home(), id) ?? context.Home();
        using var table = CeremonyTable.Open(context, home);
        var setting = table.SettingOf(id, context.WorkingFolder);
        return Tell(context, id, setting, await CeremonyRun.ResumeAsync(setting, cancellationToken));
    }

    private static int List(CommandContext context)
    {
        var folder = context.Home().Ceremonies;
        var rows = new List<IReadOnlyList<string>>();
        string[] folders = Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        foreach (var path in folders.Order(StringComparer.Ordinal))
        {
            var evidence = new EvidenceFolder(path);
            var isPlan = CeremonyPlan.TryParse(File.Exists(evidence.Plan) ? File.ReadAllBytes(evidence.Plan) : [], ProviderList.SoftwareOnly, out var plan, out _);
            var state = !isPlan ? "cannot be read" : File.Exists(Path.Combine(evidence.Ledger, "proof.txt")) ? "closed" : "stopped";
            rows.Add([Path.GetFileName(path), plan is null ? "" : plan.Created.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), state, plan?.Title ?? ""]);
        }

        Output.Table(context.Terminal, ["ID", "PLANNED", "STATE", "TITLE"], rows, "No ceremony was held in this home.");
        return ExitCodes.Success;
    }

    private static int Verify(CommandContext context, string folder, string? digest)
    {
        var report = Examine(context, folder, digest);
        if (report.Plan is { } plan)
        {
            context.Terminal.Line($"{(plan.Rehearsal ? "Rehearsal" : "Ceremony")} {plan.Id}: {plan.Title}");
            context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{report.Records.Count} records; plan {plan.Sha256}; last record {report.Head}"));
            context.Terminal.Line($"The end was signed by {(report.Closers.Count == 0 ? "nobody" : string.Join(", ", report.Closers))}.");
        }

        foreach (var finding in report.Findings)
        {
            context.Terminal.Line($"{(finding.IsProblem ? "WRONG" : "note"),-6} {finding.Text}");
        }

        context.Terminal.Line(report.IsGood
            ? digest is null ? "Everything holds. Compare the plan's digest with what the officers have: that it is their ceremony is theirs to say." : "Everything holds, and the plan is the one of that digest."
            : "The evidence is not what it should be.");
        return report.IsGood ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static int Report(CommandContext context, string folder, string? output)
    {
        var report = Examine(context, folder, null);
        if (!report.IsGood || report.Plan is null)
        {
            throw new CommandException(ExitCodes.CheckFailed, $"The evidence does not verify: {report.Findings.First(f => f.IsProblem).Text}.", "'agentpki ceremony verify' lists everything that is wrong.");
        }

        var minutes = new EvidenceFolder(Path.GetFullPath(folder, context.WorkingFolder)).Minutes;
        var target = Path.GetFullPath(output ?? $"minutes-{report.Plan.Id[..8]}.html", context.WorkingFolder);
        File.Copy(minutes, target, overwrite: true);
        context.Terminal.Line($"The minutes are in {target}; they are what {string.Join(", ", report.Closers)} signed.");
        return ExitCodes.Success;
    }

    private static EvidenceReport Examine(CommandContext context, string folder, string? digest)
    {
        var path = Path.GetFullPath(folder, context.WorkingFolder);
        return Directory.Exists(path)
            ? EvidenceVerifier.Verify(new EvidenceFolder(path), ProviderList.SoftwareOnly, digest?.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant())
            : throw new CommandException(ExitCodes.Usage, $"There is no folder {path}.", "'agentpki ceremony list' shows the ceremonies of a home; their evidence lies in its folder ceremonies/.");
    }

    private static int Tell(CommandContext context, string id, CeremonySetting setting, CeremonyOutcome outcome)
    {
        context.Terminal.Raw("");
        if (outcome == CeremonyOutcome.Stopped)
        {
            context.Terminal.Raw($"The ceremony has stopped, and nothing is lost. 'agentpki ceremony resume {id}' takes it up.");
            return ExitCodes.CheckFailed;
        }

        var folder = ApplianceHome.Display(setting.Folder.Root, context.WorkingFolder);
        context.Terminal.Raw($"The ceremony is closed. Its evidence is {folder}: copy it to where auditors keep theirs.");
        context.Terminal.Raw($"Verify it there: agentpki ceremony verify {folder}, or without this program: sh {folder}/verify.sh {folder}");
        context.Terminal.Raw($"The minutes to print and sign: {ApplianceHome.Display(setting.Folder.Minutes, context.WorkingFolder)}");
        return ExitCodes.Success;
    }

    private static CeremonyPlan ReadPlan(string path) =>
        CeremonyPlan.TryParse(File.ReadAllBytes(path), ProviderList.SoftwareOnly, out var plan, out var problem) ? plan : throw new CommandException(ExitCodes.Usage, $"{path} cannot be taken: {problem}.", "Make the plan again.");

    private static string Existing(CommandContext context, string path) =>
        Path.GetFullPath(path, context.WorkingFolder) is var full && File.Exists(full) ? full : throw new CommandException(ExitCodes.Usage, $"There is no file {Path.GetFullPath(path, context.WorkingFolder)}.", "docs/ceremonies has scripts to begin with.");

    private static int Guarded(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (CeremonyException error)
        {
            throw Explain(error);
        }
    }

    private static async Task<int> GuardedAsync(Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (CeremonyException error)
        {
            throw Explain(error);
        }
    }

    private static CommandException Explain(CeremonyException error) => new(ExitCodes.Refused, error.Message, "Nothing that was done is lost.", error);
}
