using System.CommandLine;
using AgentPki.Authority.Profiles;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki profile list|check</c>: reads the files, needs no server.</summary>
internal static class ProfileCommand
{
    internal static Command Create(CommandContext context) =>
        new Verb("profile", "Shows and checks the certificate profiles of this home.", "agentpki profile list", "agentpki profile check")
            .With(
                new Verb("list", "Lists the profiles: what they issue, for how long, and by which EST label.", "agentpki profile list")
                    .Runs((_, _) => Task.FromResult(List(context))),
                new Verb("check", "Checks every profile file and names each mistake with file, line and field.", "agentpki profile check && systemctl restart agentpki")
                    .Runs((_, _) => Task.FromResult(Check(context))));

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
