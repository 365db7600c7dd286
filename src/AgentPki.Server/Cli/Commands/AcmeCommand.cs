using System.CommandLine;
using System.Globalization;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki acme eab new|list|revoke</c>, <c>agentpki acme account list|revoke</c>, <c>agentpki acme incident open|list|end</c></summary>
internal static class AcmeCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb("acme", "ACME: external account keys, the accounts of clients, and incidents that have them renew.", "agentpki acme eab new --owner team-a", "agentpki acme account list")
            .With(
                new Verb("eab", "External account keys: with one, a client makes an account that an owner answers for.", "agentpki acme eab new --owner team-a", "agentpki acme eab list")
                    .With(
                        New(context),
                        new Verb("list", "Lists external account keys; secrets are not shown again.", "agentpki acme eab list").Asks(context, (admin, _, cancellationToken) => ListKeysAsync(context, admin, cancellationToken)),
                        RevokeKey(context)),
                new Verb("account", "The accounts of ACME clients.", "agentpki acme account list", "agentpki acme account revoke ID")
                    .With(
                        new Verb("list", "Lists accounts, newest first.", "agentpki acme account list").Asks(context, (admin, _, cancellationToken) => ListAccountsAsync(context, admin, cancellationToken)),
                        RevokeAccount(context)),
                AcmeIncidentCommand.Create(context));

    private static Verb New(CommandContext context)
    {
        var owner = new Option<string>("--owner") { Description = "Who answers for what its accounts enrol.", Required = true };
        var id = new Option<string?>("--id") { Description = "Its id (kid); one is made unless told." };
        var accounts = new Option<int>("--accounts") { Description = "How many accounts it makes; 0 is any number.", DefaultValueFactory = _ => 1 };
        var lifetime = new Option<string>("--lifetime") { Description = "How long it is good: 30m, 12h, 7d.", DefaultValueFactory = _ => "1d" };
        var profile = new Option<string[]>("--profile") { Description = "Only for this profile; may be repeated.", DefaultValueFactory = _ => [] };
        var name = new Option<string[]>("--name")
        {
            Description = "Only for names that match this pattern: paths of SPIFFE IDs when it starts with '/', for which the key is the proof too; else DNS names, addresses and devices. May be repeated.", DefaultValueFactory = _ => [],
        };
        return new Verb(
            "new",
            "Makes a key and prints its id and its secret (base64url), each on a line, this once.",
            "agentpki acme eab new --owner team-a",
            "agentpki acme eab new --owner team-a --name '*.agents.example' --name '/agent/team-a-*' --accounts 0 --lifetime 90d",
            "certbot register --server https://pki.example:8443/acme/directory --eab-kid ID --eab-hmac-key SECRET ...")
            .With(owner, id, accounts, lifetime, profile, name)
            .Asks(context, (admin, parsed, cancellationToken) => NewKeyAsync(
                context,
                admin,
                new CreateAcmeKeyCommand(
                    parsed.GetRequiredValue(owner), parsed.GetValue(id), parsed.GetValue(name), parsed.GetValue(profile), parsed.GetValue(accounts), (long)Durations.Parse(parsed.GetRequiredValue(lifetime)).TotalSeconds),
                cancellationToken));
    }

    private static Verb RevokeKey(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "The key's id." };
        return new Verb("revoke", "Ends a key: it makes no account and gives no SPIFFE ID any more. Its accounts stay, with its limits.", "agentpki acme eab revoke AaIU_HP6SmQTZYJa9730w")
            .With(id)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var revoked = await admin.DeleteAsync($"acme/keys/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", AdminJson.Default.AcmeKeyRevokedView, cancellationToken);
                context.Terminal.Line($"External account key {revoked.Id} is revoked.");
                return ExitCodes.Success;
            });
    }

    private static Verb RevokeAccount(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "The account's id, the last part of its URL." };
        return new Verb("revoke", "Ends an account for good; its certificates stay what they are ('agentpki revoke' takes them away).", "agentpki acme account revoke AaIU_HP6SmQTZYJa9730w")
            .With(id)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var ended = await admin.DeleteAsync($"acme/accounts/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", AdminJson.Default.AcmeAccountView, cancellationToken);
                context.Terminal.Line($"ACME account {ended.Id} of {ended.Owner} is revoked.");
                return ExitCodes.Success;
            });
    }

    private static async Task<int> NewKeyAsync(CommandContext context, AdminConnection admin, CreateAcmeKeyCommand command, CancellationToken cancellationToken)
    {
        var made = await admin.PostAsync("acme/keys", command, AdminJson.Default.CreateAcmeKeyCommand, AdminJson.Default.CreatedAcmeKeyView, cancellationToken);
        context.Terminal.Raw($"{made.Key.Id}\n{made.Secret}");
        if (context.Terminal.Interactive)
        {
            var many = made.Key.MaxAccounts is { } most ? string.Create(CultureInfo.InvariantCulture, $"{most} account{(most == 1 ? "" : "s")}") : "any number of accounts";
            context.Terminal.Warn($"Makes {many} at {made.Directory} until {Output.Time(made.Key.NotAfter)}. It is shown this once.");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> ListKeysAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var keys = (await admin.GetAsync("acme/keys", AdminJson.Default.AcmeKeysView, cancellationToken)).Keys;
        Output.Table(
            context.Terminal,
            ["ID", "OWNER", "ACCOUNTS", "STATE", "UNTIL", "PROFILES", "NAMES"],
            [
                .. keys.Select(k => new[]
                {
                    k.Id, k.Owner, string.Create(CultureInfo.InvariantCulture, $"{k.Accounts}/{(k.MaxAccounts is { } most ? most.ToString(CultureInfo.InvariantCulture) : "any")}"),
                    k.Revoked is null ? "good" : "revoked", Output.Time(k.NotAfter), string.Join(' ', k.Profiles), string.Join(' ', k.Names),
                }),
            ],
            "No external account keys yet.");
        return ExitCodes.Success;
    }

    private static async Task<int> ListAccountsAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var accounts = (await admin.GetAsync("acme/accounts", AdminJson.Default.AcmeAccountsView, cancellationToken)).Accounts;
        Output.Table(
            context.Terminal,
            ["ID", "OWNER", "STATE", "CREATED", "EXTERNAL KEY", "CONTACT"],
            [.. accounts.Select(a => new[] { a.Id, a.Owner, a.State.ToString().ToLowerInvariant(), Output.Time(a.Created), a.ExternalKey ?? "", string.Join(' ', a.Contacts) })],
            "No ACME accounts yet.");
        return ExitCodes.Success;
    }
}
