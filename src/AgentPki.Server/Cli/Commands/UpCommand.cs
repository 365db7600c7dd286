using System.CommandLine;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.Server.Up;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki up</c></summary>
internal static class UpCommand
{
    internal static Command Create(CommandContext context)
    {
        var trustDomain = new Option<string>("--trust-domain") { Description = "The SPIFFE trust domain of a new home; an existing home keeps its own.", DefaultValueFactory = _ => DefaultConfiguration.TrustDomain };
        var profile = new Option<string?>("--profile") { Description = $"The kind of keys that a new home is made with, CAs and agents: {HomeKind.Names}. An existing home keeps its own." };
        var algorithms = CeremonyAlgorithms.Create();
        return new Verb(
            "up",
            "Makes a development appliance if there is none, and serves it until interrupted.",
            "agentpki up",
            "AGENTPKI_HOME=/srv/pki AGENTPKI_HTTPS_PORT=9443 AGENTPKI_HTTP_PORT=9080 agentpki up",
            "agentpki up --profile ml-dsa-65",
            "AGENTPKI_HOME=/srv/hybrid AGENTPKI_HTTPS_PORT=9443 AGENTPKI_HTTP_PORT=9080 agentpki up --profile composite",
            "agentpki up --trust-domain agents.example.org",
            "agentpki up --root-algorithm rsa-4096 --issuing-algorithm rsa-3072:rsa-pss-sha256")
            .With(profile, trustDomain, algorithms.Root, algorithms.Issuing)
            .Runs((parsed, cancellationToken) => new UpRun(context, parsed.GetRequiredValue(trustDomain), parsed.GetValue(profile) is { } name ? HomeKind.Parse(name) : null, algorithms.ChangeOf(parsed)).RunAsync(cancellationToken));
    }
}
