using System.CommandLine;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki profile list|check|apply|restore</c>: all but <c>apply</c> read the files and need no server.</summary>
internal static class ProfileCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "The profile's text; its file's name is the name it will have in the home." };
        return new Verb("profile", "Shows, checks and changes the certificate profiles of this home.", "agentpki profile list", "agentpki profile check", "agentpki profile apply agent.yaml --as alice.pem")
            .With(
                new Verb("apply", "Asks for a new or changed profile: outside of development a second person approves it. It serves from the next start on.", "agentpki profile apply agent.yaml --comment 'shorter' --as alice.pem")
                    .With(file)
                    .Asks(context, (admin, parsed, cancellationToken) => ApplyAsync(context, admin, parsed.GetRequiredValue(file), cancellationToken)),
                new Verb("restore", "Writes the profiles as they were approved, where they differ.", "agentpki profile restore && systemctl restart agentpki")
                    .Runs((_, cancellationToken) => RestoreAsync(context, cancellationToken)),
                new Verb("list", "Lists the profiles: what they issue, for how long, and by which EST label.", "agentpki profile list")
                    .Runs((_, _) => Task.FromResult(List(context))),
                new Verb("check", "Checks every profile file and names each mistake with file, line and field.", "agentpki profile check && systemctl restart agentpki")
                    .Runs((_, _) => Task.FromResult(Check(context))));
    }

    private static async Task<int> ApplyAsync(CommandContext context, AdminConnection admin, string file, CancellationToken cancellationToken)
    {
        var command = new ApplyProfileCommand(Path.GetFileName(file), AdminCommand.ReadText(context, file));
        var applied = await admin.PostAsync("profiles", command, AdminJson.Default.ApplyProfileCommand, AdminJson.Default.ProfileAppliedView, cancellationToken);
        context.Terminal.Line($"{applied.File} (SHA-256 {applied.Sha256}) serves from the next start on.");
        return ExitCodes.Success;
    }

    private static async Task<int> RestoreAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var home = context.Home();
        var options = ConfigurationReader.Load(home, context.Variable);
        IReadOnlyList<ApprovedFile> approved;
        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(Composition.ApplianceParts.StoreOptionsOf(home, options), NullLogger<SqliteStore>.Instance, cancellationToken);
            approved = [.. (await ((IGovernanceStore)store).ListApprovedFilesAsync(cancellationToken)).Where(f => f.IsProfile)];
        }
        catch (StoreUnavailableException error)
        {
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' says more.", error);
        }

        if (approved.Count == 0)
        {
            context.Terminal.Line("No profiles were approved yet: they serve as they lie there.");
            return ExitCodes.Success;
        }

        var lying = Composition.ProfileFiles.ReadAll(home);
        foreach (var (name, text) in lying)
        {
            if (approved.All(a => a.Name != name))
            {
                File.Move(Path.Combine(home.Profiles, name), Path.Combine(home.Profiles, name + ".unapproved"), overwrite: true);
                context.Terminal.Line($"{name} was never approved: it is {name}.unapproved now.");
            }
        }

        foreach (var file in approved.Where(a => !lying.Any(l => l.Name == a.Name && l.Text.AsSpan().SequenceEqual(a.Text))))
        {
            PrivateFile.Write(Path.Combine(home.Profiles, file.Name), file.Text);
            context.Terminal.Line($"{file.Name} is as it was approved at {Output.Time(file.Approved)}.");
        }

        return ExitCodes.Success;
    }

    private static int List(CommandContext context)
    {
        var catalog = Load(context);
        Output.Table(
            context.Terminal,
            ["NAME", "USE", "LABELS", "ISSUER", "KEYS", "VALIDITY", "ALSO", "DESCRIPTION"],
            [
                .. catalog.All.Select(p => new[]
                {
                    p.Name + (p == catalog.Default ? " (default)" : ""), p.Use.ToString(), string.Join(' ', p.Labels), p.Issuer,
                    string.Join(", ", p.Keys), Configuration.Durations.Format(p.Validity), string.Join(", ", Also(p)), p.Description,
                }),
            ],
            "No profiles.");
        return ExitCodes.Success;
    }

    private static IEnumerable<string> Also(CertificateProfile profile)
    {
        if (profile.ServerKeyGeneration)
        {
            yield return "serverkeygen";
        }

        if (profile.RelatedCertificates)
        {
            yield return "related certificates";
        }
    }

    private static int Check(CommandContext context)
    {
        try
        {
            var catalog = Load(context);
            context.Terminal.Line($"{catalog.All.Length} profiles, all in order. A running appliance reads them at its next start.");
            return ExitCodes.Success;
        }
        catch (CommandException error) when (error.InnerException is ProfileException profiles)
        {
            foreach (var mistake in profiles.Errors)
            {
                context.Terminal.Fail(mistake.ToString(), "");
            }

            return ExitCodes.CheckFailed;
        }
    }

    private static ProfileCatalog Load(CommandContext context) => Composition.ProfileFiles.Load(context.Home());
}
