using System.CommandLine;
using AgentPki.Authority.Ceremony;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Logging;
using AgentPki.Server.Up;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki ceremony</c></summary>
internal static class CeremonyCommand
{
    internal static Command Create(CommandContext context)
    {
        var development = new Option<bool>("--development") { Description = "A ceremony without officers, for development homes." };
        var wrapped = new Option<bool>("--allow-token-wrapped") { Description = "Leave to keep a CA key that no token can make wrapped under a token's key: in this process's memory while it signs." };
        var trustDomain = new Option<string>("--trust-domain") { Description = "The SPIFFE trust domain of a new home.", DefaultValueFactory = _ => DefaultConfiguration.TrustDomain };
        var algorithms = CeremonyAlgorithms.Create();
        return new Verb(
            "ceremony",
            "Key ceremonies: scripts that officers approve and carry out together, with evidence. With --development: token, root and issuing CA of a development home, without officers.",
            "agentpki ceremony plan docs/ceremonies/root-and-issuing.yaml",
            "agentpki ceremony run docs/ceremonies/root-and-issuing.yaml --rehearse",
            "agentpki ceremony --development",
            "AGENTPKI_HOME=/var/lib/agentpki agentpki ceremony --development --trust-domain agents.example.org",
            "agentpki ceremony --development --root-algorithm ecdsa-p384 --issuing-algorithm ed25519")
            .With([development, wrapped, trustDomain, algorithms.Root, algorithms.Issuing, .. CeremonyVerbs.Create(context)])
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetValue(development), parsed.GetValue(wrapped) ? KeyPlacement.AllowTokenWrapped : KeyPlacement.TokenOnly, parsed.GetRequiredValue(trustDomain), algorithms.ChangeOf(parsed), cancellationToken));
    }

    private static async Task<int> RunAsync(
        CommandContext context, bool development, KeyPlacement placement, string trustDomain, Func<CeremonyOptions, CeremonyOptions> change, CancellationToken cancellationToken)
    {
        if (!development)
        {
            throw new CommandException(ExitCodes.Usage, "A ceremony has a script and officers.", "Type 'agentpki ceremony run SCRIPT'; 'agentpki ceremony --help' lists what else there is, --development is for development homes.");
        }

        var home = context.Home();
        HomeFolder.Prepare(home);
        using var homeLock = HomeLock.Take(home);
        DevelopmentHome.Ensure(home, trustDomain, null, context.Variable);
        var options = ConfigurationReader.Load(home, context.Variable);
        if (!options.Development)
        {
            throw new CommandException(ExitCodes.Usage, $"{home.ConfigurationFile} says development: false.", "A development ceremony is for development homes.");
        }

        var kind = DevelopmentHome.KindOf(home, options, null);
        var wanted = await Ceremonies.KeepExistingAsync(home, options, usual => change(kind.Apply(usual)), cancellationToken);
        var tokenOptions = TokenAccess.OptionsOf(home, options, context.Variable);
        foreach (var (token, access) in options.Tokens.Zip(tokenOptions))
        {
            TokenAccess.EnsureToken(home, token, access);
        }

        using var loggers = LoggerSetup.ToFile(home, options.Log, context.Clock);
        TlsAuthority.PrepareProfile(home, wanted);
        await using var parts = await ApplianceParts.OpenAsync(home, options, tokenOptions, placement, context.Clock, loggers, cancellationToken);
        var result = await context.Terminal.WorkAsync("ceremony", () => Ceremonies.RunDevelopmentAsync(parts, wanted, cancellationToken));
        foreach (var step in result.Steps)
        {
            context.Terminal.Line($"{(step.IsNew ? "made" : "kept"),-5} {step.Name}: {step.Detail}");
        }

        context.Terminal.Line($"The anchors are in {ApplianceHome.Display(home.RootCertificate, context.WorkingFolder)} and chain.pem beside it. Next: agentpki serve --dev");
        return ExitCodes.Success;
    }
}
