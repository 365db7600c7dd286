using System.CommandLine;
using System.Globalization;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki registry rules|check|apply|restore</c>: the rules of the registry; <c>check</c> and <c>restore</c> need no server.</summary>
internal static class RegistryCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "The whole text of registry.yaml." };
        var checkedFile = new Argument<string?>("file") { Description = "Without it: registry.yaml of this home.", Arity = ArgumentArity.ZeroOrOne };
        return new Verb("registry", "Shows, checks and changes the rules by which agents are registered.", "agentpki registry rules", "agentpki registry apply registry.yaml --as alice.pem")
            .With(
                new Verb("rules", "Shows the rules in force, and how many agents are orphans or overdue for review.", "agentpki registry rules")
                    .Asks(context, async (admin, _, token) =>
                    {
                        Print(context, await admin.GetAsync("registry/rules", AdminJson.Default.RegistryRulesView, token));
                        return ExitCodes.Success;
                    }),
                new Verb("check", "Reads rules and names each mistake with line and field.", "agentpki registry check registry.yaml")
                    .With(checkedFile)
                    .Runs((parsed, _) => Task.FromResult(Check(context, parsed.GetValue(checkedFile)))),
                new Verb("apply", "Asks for other rules: outside of development a second person approves them. They serve at once.", "agentpki registry apply registry.yaml --comment 'registered agents only' --as alice.pem")
                    .With(file)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var rules = await admin.PostAsync("registry/rules", new ApplyRegistryRulesCommand(AdminCommand.ReadText(context, parsed.GetRequiredValue(file))), AdminJson.Default.ApplyRegistryRulesCommand, AdminJson.Default.RegistryRulesView, token);
                        context.Terminal.Line($"The rules of SHA-256 {rules.Sha256} serve.");
                        return ExitCodes.Success;
                    }),
                new Verb("restore", "Writes the rules as they were approved.", "agentpki registry restore")
                    .Runs((_, token) => RestoreAsync(context, token)));
    }

    private static void Print(CommandContext context, RegistryRulesView rules)
    {
        Output.Facts(
            context.Terminal,
            ("enrolment", rules.RegisteredOnly ? "registered agents only" : "any; whoever is not registered becomes so with its first certificate, at the lowest tier"),
            ("owners", rules.KnownOwnersOnly ? "known ones only" : "any"),
            ("orphans", Consequence(rules.OrphanGraceSeconds, rules.Orphans)),
            ("reviews", Consequence(rules.ReviewGraceSeconds, rules.Overdue)),
            ("sha-256", rules.Sha256),
            ("problem", rules.Problem ?? "none"));
        Output.Table(
            context.Terminal,
            ["TIER", "REGISTERED BY", "SECOND PERSON", "REVIEW EVERY", "OFFLINE"],
            [.. rules.Tiers.Select(t => new[] { t.Tier.Word(), t.Register.Count == 0 ? "nobody" : string.Join(", ", t.Register), t.SecondPerson ? "yes" : "no", t.ReviewSeconds is { } seconds ? Durations.Format(TimeSpan.FromSeconds(seconds)) : "", t.OfflineSeconds > 0 ? Durations.Format(TimeSpan.FromSeconds(t.OfflineSeconds)) : "none" })],
            "No tiers.");
    }

    private static string Consequence(long? grace, long agents) => string.Create(
        CultureInfo.InvariantCulture, $"{agents} now; {(grace is { } seconds ? $"suspended after {Durations.Format(TimeSpan.FromSeconds(seconds))}" : "reported only")}");

    private static int Check(CommandContext context, string? file)
    {
        var path = file is null ? context.Home().RegistryRules : Path.GetFullPath(file, context.WorkingFolder);
        if (file is null && !File.Exists(path))
        {
            context.Terminal.Line("There is no registry.yaml in this home: the rules that are built in serve (docs/registry.md).");
            return ExitCodes.Success;
        }

        byte[] text;
        try
        {
            text = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"{path} cannot be read: {error.Message}", "Name a file that is there.", error);
        }

        if (RegistryRulesReader.Read(text, out var errors) is { } rules)
        {
            context.Terminal.Line($"The rules are in order (SHA-256 {rules.Digest}).");
            return ExitCodes.Success;
        }

        foreach (var mistake in errors)
        {
            context.Terminal.Fail(mistake.ToString(), "");
        }

        return ExitCodes.CheckFailed;
    }

    private static async Task<int> RestoreAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var home = context.Home();
        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(Composition.ApplianceParts.StoreOptionsOf(home, ConfigurationReader.Load(home, context.Variable)), NullLogger<SqliteStore>.Instance, cancellationToken);
            if ((await ((IGovernanceStore)store).ListApprovedFilesAsync(cancellationToken)).FirstOrDefault(f => f.Name == RegistryRulesKeeper.ApprovedName) is not { } approved)
            {
                context.Terminal.Line("No rules were approved yet.");
                return ExitCodes.Success;
            }

            PrivateFile.Write(home.RegistryRules, approved.Text);
            context.Terminal.Line($"registry.yaml is as it was approved at {Output.Time(approved.Approved)}.");
            return ExitCodes.Success;
        }
        catch (StoreUnavailableException error)
        {
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' says more.", error);
        }
    }
}
