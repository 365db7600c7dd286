using System.CommandLine;
using AgentPki.Authority.Governance;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki admin whoami|list|show|certificate|request|add|set-roles|renew|issue|remove|bootstrap</c></summary>
internal static class AdminCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb("admin", "Administrators: who they are, their roles and their certificates (docs/roles.md).", "agentpki admin request alice", "agentpki admin list", "agentpki admin whoami --as alice.pem")
            .With(
                new Verb("whoami", "As whom the appliance knows you.", "agentpki admin whoami --as alice.pem").Asks(context, (admin, _, token) => WhoAmIAsync(context, admin, token)),
                new Verb("list", "Lists administrators.", "agentpki admin list").Asks(context, (admin, _, token) => ListAsync(context, admin, token)),
                OnOne(context, new Verb("show", "Shows one administrator.", "agentpki admin show alice"), (admin, name, _, token) => ShowAsync(context, admin, name, token)),
                OnOne(context, new Verb("certificate", "Prints an administrator's newest certificate that is good, and its chain.", "agentpki admin certificate alice > alice.crt && cat alice.crt alice.key > alice.pem"), (admin, name, _, token) => CertificateAsync(context, admin, name, token)),
                AdminRequestFiles.Create(context),
                AdminBootstrap.Create(context),
                Add(context),
                SetRoles(context),
                Renew(context),
                Issue(context),
                OnOne(context, new Verb("remove", "Removes an administrator for good, and revokes his certificates.", "agentpki admin remove alice --comment 'has left' --as bob.pem"), async (admin, name, _, token) =>
                    Told(context, await admin.DeleteAsync($"administrators/{Uri.EscapeDataString(name)}", AdminJson.Default.AdministratorView, token))));

    /// <summary>The options that say which roles.</summary>
    internal static (Option<string[]> Roles, Option<string[]> Owners) RoleOptions() => (
        new Option<string[]>("--role") { Description = $"A role: {AdminRoles.Words(AdminRoles.All)}; may be repeated.", Required = true },
        new Option<string[]>("--owner") { Description = "With the role owner: an owner's name; may be repeated." });

    private static Verb OnOne(CommandContext context, Verb verb, Func<AdminConnection, string, ParseResult, CancellationToken, Task<int>> run)
    {
        var name = new Argument<string>("name") { Description = "The administrator's name." };
        return verb.With(name).Asks(context, (admin, parsed, cancellationToken) => run(admin, parsed.GetRequiredValue(name), parsed, cancellationToken));
    }

    private static Verb Add(CommandContext context)
    {
        var (roles, owners) = RoleOptions();
        var csr = new Argument<string>("request") { Description = "His PKCS#10 in PEM, as 'admin request' wrote it." };
        var verb = new Verb("add", "Adds an administrator and issues his first certificate.", "agentpki admin add carol --role auditor carol.csr --as alice.pem", "agentpki admin add dave --role owner --owner team-a dave.csr --as alice.pem");
        return OnOne(context, verb.With(roles, owners), async (admin, name, parsed, token) => Print(context, await admin.PostAsync(
            "administrators",
            new AddAdministratorCommand(name, parsed.GetRequiredValue(roles), ReadText(context, parsed.GetRequiredValue(csr)), parsed.GetValue(owners)),
            AdminJson.Default.AddAdministratorCommand,
            AdminJson.Default.AdministratorCertificateView,
            token))).With(csr);
    }

    private static Verb SetRoles(CommandContext context)
    {
        var (roles, owners) = RoleOptions();
        return OnOne(context, new Verb("set-roles", "Gives an administrator these roles instead of those he has.", "agentpki admin set-roles carol --role auditor --role read-only --as alice.pem").With(roles, owners), async (admin, name, parsed, token) =>
            Told(context, await admin.PostAsync(
                $"administrators/{Uri.EscapeDataString(name)}/roles", new SetAdministratorRolesCommand(parsed.GetRequiredValue(roles), parsed.GetValue(owners)), AdminJson.Default.SetAdministratorRolesCommand, AdminJson.Default.AdministratorView, token)));
    }

    private static Verb Renew(CommandContext context)
    {
        var csr = new Argument<string>("request") { Description = "Your PKCS#10 in PEM, as 'admin request' wrote it: for a new key, or for the one you have." };
        return new Verb("renew", "Asks for a further certificate for yourself.", "agentpki admin renew alice.csr --as alice.pem").With(csr).Asks(context, async (admin, parsed, token) => Print(context, await admin.PostAsync(
            "me/certificates", new AdministratorCertificateCommand(ReadText(context, parsed.GetRequiredValue(csr))), AdminJson.Default.AdministratorCertificateCommand, AdminJson.Default.AdministratorCertificateView, token)));
    }

    private static Verb Issue(CommandContext context)
    {
        var csr = new Argument<string>("request") { Description = "His PKCS#10 in PEM." };
        return OnOne(context, new Verb("issue", "Issues an administrator a further certificate, for example when his has ended.", "agentpki admin issue carol carol.csr --as alice.pem"), async (admin, name, parsed, token) => Print(context, await admin.PostAsync(
            $"administrators/{Uri.EscapeDataString(name)}/certificates", new AdministratorCertificateCommand(ReadText(context, parsed.GetRequiredValue(csr))), AdminJson.Default.AdministratorCertificateCommand, AdminJson.Default.AdministratorCertificateView, token))).With(csr);
    }

    private static async Task<int> WhoAmIAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var caller = await admin.GetAsync("me", AdminJson.Default.CallerView, cancellationToken);
        Output.Facts(
            context.Terminal,
            ("name", caller.Name),
            ("in the ledger", caller.Actor),
            ("roles", caller.Roles.Count == 0 ? "none: name your certificate with --as FILE" : string.Join(", ", caller.Roles)),
            ("owners", caller.Owners.Count == 0 ? "-" : string.Join(", ", caller.Owners)),
            ("second person", caller.Waived ? "not wanted: by the socket of a development home" : "wanted for what is dangerous"),
            ("certificate until", caller.CertificateNotAfter is { } until ? Output.Time(until) : "none shown"));
        return ExitCodes.Success;
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var administrators = (await admin.GetAsync("administrators", AdminJson.Default.AdministratorsView, cancellationToken)).Administrators;
        Output.Table(
            context.Terminal,
            ["NAME", "STATE", "ROLES", "OWNERS", "CAN LOG IN UNTIL", "KEYS"],
            [.. administrators.Select(a => new[] { a.Name, a.State.ToString().ToLowerInvariant(), string.Join(',', a.Roles), string.Join(',', a.Owners), a.CanLogInUntil is { } until ? Output.Time(until) : "", string.Join(',', a.Keys.Select(k => k[..16])) })],
            "There are no administrators.");
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string name, CancellationToken cancellationToken)
    {
        var found = await admin.GetAsync($"administrators/{Uri.EscapeDataString(name)}", AdminJson.Default.AdministratorView, cancellationToken);
        Output.Facts(
            context.Terminal,
            [
                ("name", found.Name),
                ("state", found.State.ToString().ToLowerInvariant()),
                ("roles", string.Join(", ", found.Roles)),
                ("owners", string.Join(", ", found.Owners)),
                ("since", Output.Time(found.Created)),
                ("changed", Output.Time(found.Changed)),
                ("can log in until", found.CanLogInUntil is { } until ? Output.Time(until) : "no certificate is good now"),
                .. found.Keys.Select(k => ("key", k)),
            ]);
        return ExitCodes.Success;
    }

    private static async Task<int> CertificateAsync(CommandContext context, AdminConnection admin, string name, CancellationToken cancellationToken)
    {
        var found = await admin.GetAsync($"administrators/{Uri.EscapeDataString(name)}", AdminJson.Default.AdministratorView, cancellationToken);
        context.Terminal.Raw(found.Certificates is [var newest, ..]
            ? newest.TrimEnd()
            : throw new CommandException(ExitCodes.Refused, $"{name} has no certificate that is good.", $"He makes a key with 'agentpki admin request {name}', an officer asks with 'agentpki admin issue {name} {name}.csr'."));
        return ExitCodes.Success;
    }

    private static int Print(CommandContext context, AdministratorCertificateView made)
    {
        context.Terminal.Raw(made.Pem.TrimEnd());
        return ExitCodes.Success;
    }

    private static int Told(CommandContext context, AdministratorView changed)
    {
        context.Terminal.Line($"{changed.Name}: {changed.State.ToString().ToLowerInvariant()}, {string.Join(", ", changed.Roles)}.");
        return ExitCodes.Success;
    }

    internal static string ReadText(CommandContext context, string file)
    {
        try
        {
            return File.ReadAllText(Path.GetFullPath(file, context.WorkingFolder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"{file} cannot be read: {error.Message}", "Name a file that is there.", error);
        }
    }
}
