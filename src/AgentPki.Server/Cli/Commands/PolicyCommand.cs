using System.CommandLine;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki policy list|show|lint|test|apply|restore</c>: all but <c>list</c> and <c>apply</c> read the files and need no server.</summary>
internal static class PolicyCommand
{
    internal static Command Create(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "The policy's id." };
        var file = new Argument<string>("file") { Description = "The text; its file's name is the name it will have in the home." };
        var folder = new Option<string?>("--folder") { Description = "A folder with policies and their tests; the home's unless told." };
        return new Verb("policy", "Shows, tests and changes the policies that decide what agents may do.", "agentpki policy test", "agentpki policy apply payments.yaml --as alice.pem")
            .With(
                new Verb("list", "Lists the policies in force in the running appliance.", "agentpki policy list")
                    .Asks(context, (admin, _, cancellationToken) => ListAsync(context, admin, cancellationToken)),
                new Verb("show", "Shows one policy as it is read.", "agentpki policy show payments-read")
                    .With(id, folder)
                    .Runs((parsed, _) => Task.FromResult(Show(context, Load(context, parsed.GetValue(folder)), parsed.GetRequiredValue(id)))),
                new Verb("lint", "Reads all policies and names each mistake with file, line and field, and what is worth another look.", "agentpki policy lint", "agentpki policy lint --folder ./policies")
                    .With(folder)
                    .Runs((parsed, _) => Task.FromResult(Lint(context, Load(context, parsed.GetValue(folder))))),
                new Verb("test", "Asks the policies what their tests ask. Exit code 1 when one answers otherwise.", "agentpki policy test", "agentpki policy test --folder ./policies")
                    .With(folder)
                    .Runs((parsed, _) => Task.FromResult(Test(context, Load(context, parsed.GetValue(folder))))),
                new Verb("apply", "Asks for a new or changed file of policies or tests: outside of development a second person approves it. It is in force at once.", "agentpki policy apply payments.yaml --comment 'refunds too' --as alice.pem")
                    .With(file)
                    .Asks(context, (admin, parsed, cancellationToken) => ApplyAsync(context, admin, parsed.GetRequiredValue(file), cancellationToken)),
                new Verb("restore", "Writes the policies as they were approved, where they differ.", "agentpki policy restore")
                    .Runs((_, cancellationToken) => RestoreAsync(context, cancellationToken)));
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var found = await admin.GetAsync("policies", AdminJson.Default.PoliciesView, cancellationToken);
        Output.Table(context.Terminal, ["ID", "EFFECT", "FILE", "DESCRIPTION"], [.. found.Policies.Select(p => new[] { p.Id, p.Effect, p.Source, p.Description })], "No policies: nothing is permitted.");
        if (found.Problem is { } problem)
        {
            context.Terminal.Warn(problem);
        }

        return ExitCodes.Success;
    }

    private static int Show(CommandContext context, PolicyCatalog catalog, string id)
    {
        var policy = catalog.Set.Policies.FirstOrDefault(p => p.Id == id) ?? throw new CommandException(ExitCodes.Usage, $"There is no policy '{id}'.", "'agentpki policy list' shows what there is.");
        var agents = policy.Agents;
        foreach (var (name, value) in new[]
        {
            ("id", policy.Id), ("effect", policy.Effect == PolicyEffect.Permit ? "permit" : "forbid"), ("description", policy.Description), ("file", policy.Source), ("agents", string.Join(' ', agents.Ids)), ("owners", string.Join(' ', agents.Owners)),
            ("tiers", string.Join(' ', agents.Tiers)), ("environments", string.Join(' ', agents.Environments)), ("profiles", string.Join(' ', agents.Profiles)), ("actions", string.Join(' ', policy.Actions)),
            ("resources", string.Join(' ', policy.Resources)), ("when", policy.Condition?.Text ?? ""), ("offline", policy.Offline > TimeSpan.Zero ? Configuration.Durations.Format(policy.Offline) : ""),
        })
        {
            if (value.Length > 0)
            {
                context.Terminal.Line($"{name,-12} {value}");
            }
        }

        return ExitCodes.Success;
    }

    private static int Lint(CommandContext context, PolicyCatalog catalog)
    {
        foreach (var remark in PolicyLint.Look(catalog))
        {
            context.Terminal.Warn(remark);
        }

        context.Terminal.Line($"{catalog.Set.Policies.Length} policies and {catalog.Tests.Count} tests, all in order (SHA-256 {catalog.Sha256}).");
        return ExitCodes.Success;
    }

    private static int Test(CommandContext context, PolicyCatalog catalog)
    {
        var failed = 0;
        foreach (var test in catalog.Tests)
        {
            if (test.WhyNot(catalog.Set) is { } why)
            {
                failed++;
                context.Terminal.Fail($"{test.Source}: {test.Name}: {why}", "");
            }
        }

        if (catalog.Tests.Count == 0)
        {
            throw new CommandException(ExitCodes.CheckFailed, "There are no tests.", $"Write some beside the policies, in files that end in {PolicyCatalog.TestSuffix} (docs/decisions.md).");
        }

        context.Terminal.Line($"{catalog.Tests.Count - failed} of {catalog.Tests.Count} tests pass.");
        return failed == 0 ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static async Task<int> ApplyAsync(CommandContext context, AdminConnection admin, string file, CancellationToken cancellationToken)
    {
        var command = new ApplyPolicyCommand(Path.GetFileName(file), AdminCommand.ReadText(context, file));
        var applied = await admin.PostAsync("policies", command, AdminJson.Default.ApplyPolicyCommand, AdminJson.Default.PolicyAppliedView, cancellationToken);
        context.Terminal.Line($"{applied.File} (SHA-256 {applied.Sha256}) is in force.");
        return ExitCodes.Success;
    }

    private static async Task<int> RestoreAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var home = context.Home();
        await using var store = await AuditCommand.OpenAsync(context, home, cancellationToken);
        var approved = (await ((IGovernanceStore)store).ListApprovedFilesAsync(cancellationToken)).Where(f => f.Name.StartsWith(PolicyKeeper.ApprovedPrefix, StringComparison.Ordinal)).ToList();
        if (approved.Count == 0)
        {
            context.Terminal.Line("No policies were approved yet: they are in force as they lie there.");
            return ExitCodes.Success;
        }

        var folder = new Composition.PolicyFolder(home);
        var lying = folder.Read();
        foreach (var file in lying.Where(l => approved.All(a => a.Name != PolicyKeeper.ApprovedPrefix + l.Name)))
        {
            File.Move(Path.Combine(home.Policies, file.Name), Path.Combine(home.Policies, file.Name + ".unapproved"), overwrite: true);
            context.Terminal.Line($"{file.Name} was never approved: it is {file.Name}.unapproved now.");
        }

        foreach (var file in approved)
        {
            var name = file.Name[PolicyKeeper.ApprovedPrefix.Length..];
            if (!lying.Any(l => l.Name == name && l.Text.AsSpan().SequenceEqual(file.Text)))
            {
                folder.Write(name, file.Text);
                context.Terminal.Line($"{name} is as it was approved at {Output.Time(file.Approved)}.");
            }
        }

        return ExitCodes.Success;
    }

    private static PolicyCatalog Load(CommandContext context, string? folder)
    {
        try
        {
            return PolicyCatalog.Read(folder is null ? new Composition.PolicyFolder(context.Home()).Read() : Composition.PolicyFolder.ReadAll(Path.GetFullPath(folder, context.WorkingFolder)));
        }
        catch (ProfileException error)
        {
            foreach (var mistake in error.Errors)
            {
                context.Terminal.Fail(mistake.ToString(), "");
            }

            throw new CommandException(ExitCodes.CheckFailed, "The policies are wrong.", "Correct them; docs/decisions.md says how they are written.", error);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Usage, $"The policies cannot be read: {error.Message}", "Name a folder that is there.", error);
        }
    }
}
