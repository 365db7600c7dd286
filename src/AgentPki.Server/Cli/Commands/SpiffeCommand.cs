using System.Collections.Immutable;
using System.CommandLine;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Spiffe;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki spiffe entries show|test</c>: reads the file with the entries, and looks at processes, without the server.</summary>
internal static class SpiffeCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Option<string?>("--file") { Description = "Another file than the one that the configuration names." };
        var process = new Option<int?>("--pid") { Description = "A process of this machine: what is true of it is found out as the Workload API would." };
        var selectors = new Option<string[]>("--selector") { Description = "TYPE:NAME:VALUE instead of a process; more than once.", AllowMultipleArgumentsPerToken = true };
        return new Verb("spiffe", "The SPIFFE Workload API: which processes of this machine are which agents (docs/spiffe.md).", "agentpki spiffe entries show", "agentpki spiffe entries test --pid 4711")
            .With(new Verb("entries", "Registration entries.", "agentpki spiffe entries show")
                .With(
                    new Verb("show", "Checks the file with the entries, and lists them.", "agentpki spiffe entries show", "agentpki spiffe entries show --file new.yaml")
                        .With(file)
                        .Runs((parsed, _) => Task.FromResult(Show(context, parsed.GetValue(file)))),
                    new Verb("test", "Which identities a process would get, and what is true of it.", "agentpki spiffe entries test --pid 4711", "agentpki spiffe entries test --selector unix:uid:1000")
                        .With(file, process, selectors)
                        .Runs((parsed, cancellationToken) => TestAsync(context, parsed.GetValue(file), parsed.GetValue(process), parsed.GetValue(selectors) ?? [], cancellationToken))));
    }

    private static int Show(CommandContext context, string? file)
    {
        if (Read(context, file) is not { } entries)
        {
            return ExitCodes.CheckFailed;
        }

        Output.Table(
            context.Terminal,
            ["NAME", "ID", "SELECTORS", "PROFILE", "OWNER", "TTL", "ALSO"],
            [.. entries.Select(e => new[] { e.Name, e.Id, string.Join(' ', e.Selectors), e.Profile, e.Owner, e.Lifetime is { } ttl ? Configuration.Durations.Format(ttl) : "", string.Join(' ', Also(e)) })],
            "No entries: no process gets an identity.");
        return ExitCodes.Success;
    }

    private static async Task<int> TestAsync(CommandContext context, string? file, int? process, string[] selectors, CancellationToken cancellationToken)
    {
        if (Read(context, file) is not { } entries)
        {
            return ExitCodes.CheckFailed;
        }

        var workload = process is { } pid ? await AttestAsync(pid, entries, cancellationToken) : Parse(selectors);
        var matching = entries.Where(e => e.Matches(workload)).ToList();
        foreach (var selector in workload.Select(s => s.ToString()).Order(StringComparer.Ordinal))
        {
            context.Terminal.Line($"is   {selector}");
        }

        foreach (var entry in matching)
        {
            context.Terminal.Line($"gets {entry.Id} (entry '{entry.Name}')");
        }

        if (matching.Count > 0)
        {
            return ExitCodes.Success;
        }

        context.Terminal.Line("gets no identity: no entry has only selectors that are true of it");
        return ExitCodes.CheckFailed;
    }

    private static async Task<IReadOnlySet<WorkloadSelector>> AttestAsync(int process, ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        using var peer = WorkloadPeer.Of(process) ?? throw new CommandException(ExitCodes.Usage, $"There is no process {process} here.", "'ps' lists them.");
        return await WorkloadAttestors.All().AttestAsync(peer, entries, cancellationToken) ?? throw new CommandException(ExitCodes.Usage, $"Process {process} ended meanwhile.", "'ps' lists those that are there.");
    }

    private static HashSet<WorkloadSelector> Parse(string[] texts)
    {
        var workload = new HashSet<WorkloadSelector>();
        foreach (var text in texts)
        {
            workload.Add(WorkloadSelector.TryParse(text, out var selector) ? selector : throw new CommandException(ExitCodes.Usage, $"'{text}' is no selector.", "TYPE:NAME:VALUE is wanted, for example unix:uid:1000."));
        }

        return workload.Count > 0 ? workload : throw new CommandException(ExitCodes.Usage, "Nothing was said of a process.", "Give --pid PID, or --selector TYPE:NAME:VALUE once or more.");
    }

    /// <summary>Null when something is wrong with them; all of it was said.</summary>
    private static ImmutableArray<WorkloadEntry>? Read(CommandContext context, string? file)
    {
        var home = context.Home();
        var options = ConfigurationReader.Load(home, context.Variable);
        var path = file is null ? home.Resolve(options.Spiffe.Entries) : Path.GetFullPath(file, context.WorkingFolder);
        var (text, unreadable) = EntryFile.Load(path);
        if (text is null)
        {
            throw new CommandException(ExitCodes.Usage, $"The workload entries in {path}: {unreadable}.", "docs/spiffe.md says what stands in the file.");
        }

        var (entries, problems) = new EntryReader(options.TrustDomain, ProfileFiles.Load(home), WorkloadAttestors.All()).Read(text, path);
        foreach (var problem in problems)
        {
            context.Terminal.Fail(problem.ToString(), "");
        }

        return problems.Count == 0 ? entries : null;
    }

    private static IEnumerable<string> Also(WorkloadEntry entry)
    {
        foreach (var dns in entry.DnsNames)
        {
            yield return $"dns:{dns}";
        }

        foreach (var domain in entry.Federates)
        {
            yield return $"federates:{domain}";
        }

        if (entry.Hint.Length > 0)
        {
            yield return $"hint:{entry.Hint}";
        }
    }
}
