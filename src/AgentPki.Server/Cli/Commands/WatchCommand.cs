using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Watching;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki watch rules|check|apply|restore|forget|status|responses|show|revert</c>: how agents are watched, and what is done about what is found.</summary>
internal static class WatchCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "The whole text of watch.yaml." };
        var agent = new Argument<string>("agent") { Description = "Its SPIFFE ID." };
        return new Verb("watch", "Shows how agents are watched and what was done about them; changes the rules; takes back what was done.", "agentpki watch rules", "agentpki watch responses", "agentpki watch apply watch.yaml --as alice.pem")
            .With(
                new Verb("rules", "Shows the rules in force, and how much is watched.", "agentpki watch rules")
                    .Asks(context, async (admin, _, token) =>
                    {
                        Print(context, await admin.GetAsync("watch/rules", AdminJson.Default.WatchRulesView, token));
                        return ExitCodes.Success;
                    }),
                RulesVerbs.Check(context, WatchRules.Kind, home => home.WatchRules, "docs/watching.md"),
                new Verb("apply", "Asks for other rules: outside of development a second person approves them. They serve at once.", "agentpki watch apply watch.yaml --comment 'suspend whoever probes' --as alice.pem")
                    .With(file)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var rules = await admin.PostAsync("watch/rules", new ApplyWatchRulesCommand(AdminCommand.ReadText(context, parsed.GetRequiredValue(file))), AdminJson.Default.ApplyWatchRulesCommand, AdminJson.Default.WatchRulesView, token);
                        context.Terminal.Line($"The rules of SHA-256 {rules.Sha256} serve.");
                        return ExitCodes.Success;
                    }),
                RulesVerbs.Restore(context, WatchRules.Kind, home => home.WatchRules),
                new Verb("forget", "What is usual for an agent is learnt anew: it has another task from now on.", "agentpki watch forget spiffe://agents.example/agent/a --as alice.pem")
                    .With(agent)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var forgotten = await admin.PostAsync("watch/forget", new ForgetBehaviourCommand(parsed.GetRequiredValue(agent)), AdminJson.Default.ForgetBehaviourCommand, AdminJson.Default.BehaviourForgottenView, token);
                        context.Terminal.Line($"What is usual for {forgotten.Agent} is learnt anew.");
                        return ExitCodes.Success;
                    }))
            .With(WatchResponsesVerbs.Of(context));
    }

    private static void Print(CommandContext context, WatchRulesView rules)
    {
        Output.Facts(
            context.Terminal,
            ("agents", string.Create(CultureInfo.InvariantCulture, $"{rules.Agents} remembered, {rules.MaximumAgents} at most")),
            ("learning", string.Create(CultureInfo.InvariantCulture, $"{rules.LearningDays} days at work")),
            ("responses", string.Create(CultureInfo.InvariantCulture, $"{rules.ResponsesAnHour} an hour, at most")),
            ("narrows to", rules.Narrowing is { } narrowing ? $"{(narrowing.Scopes.Count == 0 ? "nothing" : string.Join(" ", narrowing.Scopes))}, for {Durations.Format(TimeSpan.FromSeconds(narrowing.Seconds))}" : "not said"),
            ("dropped", string.Create(CultureInfo.InvariantCulture, $"{rules.Dropped} events since the start")),
            ("sha-256", rules.Sha256),
            ("problem", rules.Problem ?? "none"));
        Output.Table(
            context.Terminal,
            ["DETECTOR", "WINDOW", "AT LEAST", "FACTOR", "BOUND", "LOW", "MEDIUM", "HIGH", "CRITICAL"],
            [.. rules.Detectors.Select(d => (string[])[
                d.Detector,
                Durations.Format(TimeSpan.FromSeconds(d.WindowSeconds)),
                d.AtLeast.ToString(CultureInfo.InvariantCulture),
                d.Factor.ToString(CultureInfo.InvariantCulture),
                d.Bound?.ToString(CultureInfo.InvariantCulture) ?? "",
                .. d.Responses.Select(r => r.Response)])],
            "No detectors.");
    }
}
