using System.CommandLine;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki init</c></summary>
internal static class InitCommand
{
    internal static Command Create(CommandContext context)
    {
        var name = new Option<string>("--name") { Description = "The appliance's name: it stands in plans and minutes.", Required = true };
        var trustDomain = new Option<string>("--trust-domain") { Description = "The SPIFFE trust domain of its agents.", Required = true };
        var publicUrl = new Option<string>("--public-url") { Description = "Where relying parties fetch CA certificates, CRLs and OCSP: http://host[:port].", Required = true };
        var kind = new Option<string>("--token") { Description = "The kind of token: a folder in hsm-config/.", DefaultValueFactory = _ => "softhsm" };
        var module = new Option<string>("--module") { Description = "The token's PKCS#11 module, where hsm-config does not find it.", DefaultValueFactory = _ => "" };
        var label = new Option<string>("--label") { Description = "The token's label.", DefaultValueFactory = _ => "agentpki" };
        return new Verb(
            "init",
            "Makes the home of a new appliance: its configuration and profiles, no keys. A ceremony makes those.",
            "AGENTPKI_HOME=/var/lib/agentpki agentpki init --name example-pki --trust-domain agents.example.org --public-url http://pki.example.org")
            .With(name, trustDomain, publicUrl, kind, module, label)
            .Runs((parsed, _) => Task.FromResult(Run(
                context, new NewHome(parsed.GetRequiredValue(name), parsed.GetRequiredValue(trustDomain), parsed.GetRequiredValue(publicUrl), parsed.GetRequiredValue(kind), parsed.GetRequiredValue(module), parsed.GetRequiredValue(label)))));
    }

    private static int Run(CommandContext context, NewHome wanted)
    {
        var home = context.Home();
        if (home.Exists)
        {
            throw new CommandException(ExitCodes.Usage, $"There is an appliance in {home.Root} already.", $"Name another home with {CommandContext.HomeVariable}=FOLDER, or change {home.ConfigurationFile}.");
        }

        var text = DefaultConfiguration.Production(wanted);
        if (ConfigurationReader.Read(text, home.ConfigurationFile, static _ => null) is (_, { Count: > 0 } problems))
        {
            throw new CommandException(ExitCodes.Usage, $"That makes no appliance: {string.Join("; ", problems)}.", "Correct the options.");
        }

        HomeFolder.Prepare(home);
        using var homeLock = HomeLock.Take(home);
        ProfileFiles.WriteDefaults(home, static _ => null);
        PrivateFile.Write(home.ConfigurationFile, text);
        context.Terminal.Line($"The home {home.Root} is ready for its first ceremony. Read {ApplianceHome.Display(home.ConfigurationFile, context.WorkingFolder)}, then:");
        context.Terminal.Line("  agentpki officer new NAME --full-name 'FULL NAME'      (each officer for himself)");
        context.Terminal.Line("  agentpki ceremony run docs/ceremonies/root-and-issuing.yaml --rehearse");
        return ExitCodes.Success;
    }
}
