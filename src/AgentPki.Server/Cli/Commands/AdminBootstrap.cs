using System.CommandLine;
using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Watching;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Logging;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki admin bootstrap</c>: the first administrators, at the machine itself, while the appliance does not run and nobody can log in.</summary>
internal static class AdminBootstrap
{
    internal static Verb Create(CommandContext context)
    {
        var people = new Argument<string[]>("name=request") { Description = "A name and the file with his PKCS#10: alice=alice.csr. At least two, for what one asks for another approves.", Arity = ArgumentArity.OneOrMore };
        var (roles, owners) = AdminCommand.RoleOptions();
        return new Verb(
            "bootstrap",
            "Makes the first administrators of a home that does not run. Refused while any administrator can log in; the ledger says that it was done so.",
            "agentpki admin bootstrap alice=alice.csr bob=bob.csr --role officer --role ca-administrator --role ra-administrator")
            .With(people, roles, owners)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetRequiredValue(people), parsed.GetRequiredValue(roles), parsed.GetValue(owners) ?? [], cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, string[] people, string[] roles, string[] owners, CancellationToken cancellationToken)
    {
        var wanted = people.Select(p => Read(context, p, roles, owners)).ToList();
        var home = context.Home();
        var options = ConfigurationReader.Load(home, context.Variable);
        using var homeLock = HomeLock.Take(home);
        using var loggers = LoggerSetup.ToFile(home, options.Log, context.Clock);
        var tokens = TokenAccess.OptionsOf(home, options, context.Variable);
        await using var parts = await ApplianceParts.OpenAsync(home, options, tokens, KeyPlacement.TokenOnly, context.Clock, loggers, cancellationToken);
        await using var authority = await RunningAppliance.StartAuthorityAsync(parts, cancellationToken);
        var actor = AdminCaller.Peer(NativeMethods.EffectiveUser()).Actor;
        var correlation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        switch (await authority.Governance.BootstrapAsync(wanted, options.Development, actor, correlation, cancellationToken))
        {
            case Outcome<IReadOnlyList<AdministratorCertificate>>.Done(var made):
                await ApproveProfilesAsync(home, options, authority, actor, correlation, cancellationToken);
                foreach (var one in made)
                {
                    var file = Path.Combine(context.WorkingFolder, one.Administrator.Name + ".crt");
                    await File.WriteAllTextAsync(file, string.Concat(one.Chain.Where(c => !c.IsSelfIssued).Prepend(one.Certificate).Select(c => PemEncoding.WriteString("CERTIFICATE", c.Der.Span) + "\n")), cancellationToken);
                    context.Terminal.Line($"{one.Administrator.Name}: {AdminRoles.Words(one.Administrator.Roles)}, until {Output.Time(one.Certificate.NotAfter)}; wrote {one.Administrator.Name}.crt");
                }

                context.Terminal.Line("Each puts his together with his key: cat alice.crt alice.key > alice.pem. Then: agentpki admin whoami --as alice.pem");
                return ExitCodes.Success;
            case Outcome<IReadOnlyList<AdministratorCertificate>>.Refused(var problem):
                throw new CommandException(ExitCodes.Refused, $"Refused: {problem.Detail}.", "Nothing more was done than 'agentpki admin list' and 'agentpki audit show' show.");
            default:
                throw new InvalidOperationException();
        }
    }

    /// <summary>The first administrators take the profiles, and the rules of registry and watch, as they lie there; from now on each change wants a second person.</summary>
    private static async Task ApproveProfilesAsync(ApplianceHome home, ApplianceOptions options, AuthorityServices authority, string actor, string correlation, CancellationToken cancellationToken)
    {
        if (options.Development || (await authority.ApprovedFiles.ListAsync(cancellationToken)).Any(f => f.IsProfile))
        {
            return;
        }

        foreach (var (name, text) in ProfileFiles.ReadAll(home))
        {
            await authority.ApprovedFiles.ApproveAsync(name, text, actor, correlation, cancellationToken);
        }

        foreach (var (name, path) in new[] { (RegistryRules.Kind.ApprovedName, home.RegistryRules), (WatchRules.Kind.ApprovedName, home.WatchRules) })
        {
            if (new RulesFile(path, isGoverned: true).Read() is { } rules)
            {
                await authority.ApprovedFiles.ApproveAsync(name, rules, actor, correlation, cancellationToken);
            }
        }
    }

    private static NewAdministrator Read(CommandContext context, string person, string[] roles, string[] owners)
    {
        var equals = person.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
        {
            throw new CommandException(ExitCodes.Usage, $"'{person}' is not NAME=FILE.", "For example alice=alice.csr, as 'agentpki admin request alice' writes it.");
        }

        var parsed = roles.Select(word => AdminRoles.TryParse(word, out var role) ? role.Value : throw new CommandException(ExitCodes.Usage, $"'{word}' is no role.", $"Roles are {AdminRoles.Words(AdminRoles.All)}.")).ToImmutableArray();
        var text = AdminCommand.ReadText(context, person[(equals + 1)..]);
        try
        {
            var fields = PemEncoding.Find(text);
            return new NewAdministrator(person[..equals], parsed, [.. owners], Convert.FromBase64String(text[fields.Base64Data]));
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new CommandException(ExitCodes.Usage, $"{person[(equals + 1)..]} is no certificate request in PEM.", $"Make one with 'agentpki admin request {person[..equals]}'.", error);
        }
    }
}
