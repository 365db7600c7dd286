using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki acme incident open|list|end</c></summary>
internal static class AcmeIncidentCommand
{
    internal static Verb Create(CommandContext context) =>
        new Verb("incident", "Has clients renew certificates before their time, without revoking them.", "agentpki acme incident open --ca issuing --reason 'key of the rack was moved'", "agentpki acme incident list")
            .With(
                Open(context),
                new Verb("list", "Lists incidents, newest first.", "agentpki acme incident list").Asks(context, (admin, _, cancellationToken) => ListAsync(context, admin, cancellationToken)),
                End(context));

    private static Verb Open(CommandContext context)
    {
        var authority = new Option<string?>("--ca") { Description = "Certificates of this CA." };
        var profile = new Option<string?>("--profile") { Description = "Certificates of this profile." };
        var all = new Option<bool>("--all") { Description = "All certificates." };
        var reason = new Option<string>("--reason") { Description = "Why, for the ledger and for lists.", Required = true };
        var explanation = new Option<string?>("--explanation") { Description = "The URL of a page about it, which clients show." };
        var lifetime = new Option<string>("--lifetime") { Description = "When it ends by itself: 12h, 7d.", DefaultValueFactory = _ => "7d" };
        return new Verb(
            "open",
            "Has certificates that were issued until now renewed before their time.",
            "agentpki acme incident open --profile agent --reason 'weak entropy in image 41' --explanation https://status.example/41",
            "agentpki acme incident open --all --reason drill --lifetime 12h")
            .With(authority, profile, all, reason, explanation, lifetime)
            .Runs(async (parsed, cancellationToken) =>
            {
                if (!Durations.TryParse(parsed.GetRequiredValue(lifetime), out var span))
                {
                    throw new CommandException(ExitCodes.Usage, $"'{parsed.GetValue(lifetime)}' is not a time.", "Write it as 12h or 7d.");
                }

                if (parsed.GetValue(all) == (parsed.GetValue(authority) is not null || parsed.GetValue(profile) is not null))
                {
                    throw new CommandException(ExitCodes.Usage, "It is not said which certificates.", "Give --ca, --profile or both, or else --all.");
                }

                using var admin = new AdminConnection(context);
                var command = new OpenAcmeIncidentCommand(
                    parsed.GetRequiredValue(reason), parsed.GetValue(authority), parsed.GetValue(profile), parsed.GetValue(all), parsed.GetValue(explanation), (long)span.TotalSeconds);
                var opened = await admin.PostAsync("acme/incidents", command, AdminJson.Default.OpenAcmeIncidentCommand, AdminJson.Default.AcmeIncidentView, cancellationToken);
                context.Terminal.Line($"Incident {opened.Id} is open until {Output.Time(opened.NotAfter)}. Clients learn of it when they next ask for renewal information.");
                return ExitCodes.Success;
            });
    }

    private static Verb End(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "The incident's id." };
        return new Verb("end", "Ends an incident: what was not renewed meanwhile is renewed at its own time.", "agentpki acme incident end AaIU_HP6SmQTZYJa9730w")
            .With(id)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var ended = await admin.DeleteAsync($"acme/incidents/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", AdminJson.Default.AcmeIncidentView, cancellationToken);
                context.Terminal.Line($"Incident {ended.Id} has ended.");
                return ExitCodes.Success;
            });
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var incidents = (await admin.GetAsync("acme/incidents", AdminJson.Default.AcmeIncidentsView, cancellationToken)).Incidents;
        Output.Table(
            context.Terminal,
            ["ID", "STATE", "CA", "PROFILE", "BEGUN", "UNTIL", "REASON", "EXPLANATION"],
            [
                .. incidents.Select(i => new[]
                {
                    i.Id, i.Open ? "open" : "ended", i.Authority ?? "any", i.Profile ?? "any", Output.Time(i.Begun), Output.Time(i.Ended ?? i.NotAfter), i.Reason, i.ExplanationUrl ?? "",
                }),
            ],
            "No incidents.");
        return ExitCodes.Success;
    }
}
