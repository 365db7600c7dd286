using System.CommandLine;
using System.Globalization;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki credential new|list|revoke</c></summary>
internal static class CredentialCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb("credential", "Enrolment credentials: what somebody enrols an agent with (HTTP Basic at EST).", "agentpki credential new --owner team-a", "agentpki credential list")
            .With(
                New(context),
                new Verb("list", "Lists credentials; secrets are kept nowhere.", "agentpki credential list").Asks(context, (admin, _, cancellationToken) => ListAsync(context, admin, cancellationToken)),
                Revoke(context));

    private static Verb New(CommandContext context)
    {
        var owner = new Option<string>("--owner") { Description = "Who answers for the agents enrolled with it.", Required = true };
        var name = new Option<string?>("--name") { Description = "Its name; one is made unless told." };
        var uses = new Option<int>("--uses") { Description = "How many enrolments it is good for; 0 is any number.", DefaultValueFactory = _ => 1 };
        var lifetime = new Option<string>("--lifetime") { Description = "How long it is good: 30m, 12h, 7d.", DefaultValueFactory = _ => "1h" };
        var profile = new Option<string[]>("--profile") { Description = "Only for this profile; may be repeated.", DefaultValueFactory = _ => [] };
        var subject = new Option<string?>("--subject") { Description = "Only for agents whose SPIFFE ID path matches this pattern." };
        return new Verb(
            "new",
            "Makes a credential and prints it as one line, name:secret, this once.",
            "agentpki credential new --owner team-a",
            "agentpki credential new --owner team-a --subject '/agent/team-a-*' --uses 10 --lifetime 12h",
            "curl -u \"$(agentpki credential new --owner me)\" ...")
            .With(owner, name, uses, lifetime, profile, subject)
            .Asks(context, (admin, parsed, cancellationToken) => NewAsync(
                context,
                admin,
                new CreateCredentialCommand(
                    parsed.GetRequiredValue(owner), parsed.GetValue(name), parsed.GetValue(profile), parsed.GetValue(subject), parsed.GetValue(uses), (long)Durations.Parse(parsed.GetRequiredValue(lifetime)).TotalSeconds),
                cancellationToken));
    }

    private static Verb Revoke(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "The credential's name." };
        return new Verb("revoke", "Ends a credential; agents enrolled with it stay.", "agentpki credential revoke dev-1a2b3c4d")
            .With(name)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var revoked = await admin.DeleteAsync($"credentials/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", AdminJson.Default.CredentialRevokedView, cancellationToken);
                context.Terminal.Line($"Credential {revoked.Name} is revoked.");
                return ExitCodes.Success;
            });
    }

    private static async Task<int> NewAsync(CommandContext context, AdminConnection admin, CreateCredentialCommand command, CancellationToken cancellationToken)
    {
        var made = await admin.PostAsync("credentials", command, AdminJson.Default.CreateCredentialCommand, AdminJson.Default.CreatedCredentialView, cancellationToken);
        // The secret alone on standard output, so that it can go into a file or a pipe; what to know about it beside.
        context.Terminal.Raw($"{made.Credential.Name}:{made.Secret}");
        if (context.Terminal.Interactive)
        {
            context.Terminal.Warn($"Good for {(made.Credential.MaxUses is { } uses ? string.Create(CultureInfo.InvariantCulture, $"{uses} enrolments") : "any number of enrolments")} until {Output.Time(made.Credential.NotAfter)}. It is shown this once.");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var credentials = (await admin.GetAsync("credentials", AdminJson.Default.CredentialsView, cancellationToken)).Credentials;
        Output.Table(
            context.Terminal,
            ["NAME", "OWNER", "USES", "STATE", "UNTIL", "PROFILES", "SUBJECT"],
            [
                .. credentials.Select(c => new[]
                {
                    c.Name, c.Owner, string.Create(CultureInfo.InvariantCulture, $"{c.Uses}/{(c.MaxUses is { } most ? most.ToString(CultureInfo.InvariantCulture) : "any")}"),
                    c.Revoked is null ? "good" : "revoked", Output.Time(c.NotAfter), string.Join(' ', c.Profiles), c.SubjectPattern ?? "",
                }),
            ],
            "No credentials yet.");
        return ExitCodes.Success;
    }
}
