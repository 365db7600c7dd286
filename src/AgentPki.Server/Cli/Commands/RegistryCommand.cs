using System.CommandLine;
using System.Globalization;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Registry;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki registry rules|check|apply|restore</c>: the rules of the registry; <c>check</c> and <c>restore</c> need no server.</summary>
internal static class RegistryCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "The whole text of registry.yaml." };
        return new Verb("registry", "Shows, checks and changes the rules by which agents are registered.", "agentpki registry rules", "agentpki registry apply registry.yaml --as alice.pem")
            .With(
                new Verb("rules", "Shows the rules in force, and how many agents are orphans or overdue for review.", "agentpki registry rules")
                    .Asks(context, async (admin, _, token) =>
                    {
                        Print(context, await admin.GetAsync("registry/rules", AdminJson.Default.RegistryRulesView, token));
                        return ExitCodes.Success;
                    }),
                RulesVerbs.Check(context, RegistryRules.Kind, home => home.RegistryRules, "docs/registry.md"),
                new Verb("apply", "Asks for other rules: outside of development a second person approves them. They serve at once.", "agentpki registry apply registry.yaml --comment 'registered agents only' --as alice.pem")
                    .With(file)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var rules = await admin.PostAsync("registry/rules", new ApplyRegistryRulesCommand(AdminCommand.ReadText(context, parsed.GetRequiredValue(file))), AdminJson.Default.ApplyRegistryRulesCommand, AdminJson.Default.RegistryRulesView, token);
                        context.Terminal.Line($"The rules of SHA-256 {rules.Sha256} serve.");
                        return ExitCodes.Success;
                    }),
                RulesVerbs.Restore(context, RegistryRules.Kind, home => home.RegistryRules));
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
}
