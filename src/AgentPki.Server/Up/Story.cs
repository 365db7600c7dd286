using System.Globalization;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using Spectre.Console;

namespace AgentPki.Server.Up;

/// <summary>What <c>up</c> tells: a line per step, then the next three commands.</summary>
internal sealed class Story(CommandContext context, ApplianceHome home, ApplianceOptions options)
{
    /// <summary>Set by the launcher to what the person typed (<c>./agentpki</c>), so that the commands below work when pasted.</summary>
    internal const string LauncherVariable = "AGENTPKI_LAUNCHER";

    /// <summary>The HTTPS endpoint as a client on this machine reaches it, by a name of its certificate.</summary>
    internal Uri PublicEndpoint => new(string.Create(CultureInfo.InvariantCulture, $"https://{Host}:{options.Listen.HttpsPort}"));

    /// <summary>The same endpoint by address: a machine without a hosts file does not know <c>localhost</c>.</summary>
    internal Uri LocalEndpoint => new(string.Create(CultureInfo.InvariantCulture, $"https://{(Host == "localhost" ? "127.0.0.1" : Host)}:{options.Listen.HttpsPort}"));

    private string Host => System.Net.IPAddress.IsLoopback(options.Listen.Bind) || options.Listen.Bind.Equals(System.Net.IPAddress.Any) || options.Listen.Bind.Equals(System.Net.IPAddress.IPv6Any)
        ? "localhost"
        : new UriBuilder { Host = options.Listen.Bind.ToString() }.Host;

    internal void Begin(bool isNew)
    {
        context.Terminal.Markup($"[bold]AgentPki {Markup.Escape(VersionText.Number)}[/]: {(isNew ? "making" : "starting")} the development appliance in {Markup.Escape(Show(home.Root))}");
        context.Terminal.Line();
    }

    internal void Token(Pkcs11Options token, bool isNew) =>
        Step("token", $"{(isNew ? "made" : "found")} '{token.TokenLabel}' in {token.ModulePath}; its PINs lie in {Show(Path.GetDirectoryName(home.UserPin) ?? home.Root)} (mode 0600)");

    internal void Ceremony(CeremonyResult ceremony, CryptoProviders providers)
    {
        var made = ceremony.Steps.Any(s => s.IsNew);
        var root = $"{ceremony.Root.Subject.CommonName} ({KeyKind.Of(ceremony.Root)})";
        var issuing = $"{ceremony.Issuing.Subject.CommonName} ({KeyKind.Of(ceremony.Issuing)})";
        var authorities = ceremony.Keys.Where(k => k.Owner != "checkpoint").ToList();
        var places = authorities.Select(k => KeyPlaces.Describe(k, providers)).Distinct().ToList();
        var where = places is [var one] ? $"{(authorities.Count == 2 ? "both" : "all")} keys {one}" : string.Join("; ", authorities.Select((k, i) => $"{k.Owner} key {KeyPlaces.Describe(k, providers)}"));
        Step("ceremony", made ? $"{root} certified {issuing}; {where}" : $"held before: {root} and {issuing}; {where}");
        if (ceremony.Tls is { } tls)
        {
            Step("tls ca", $"{tls.Subject.CommonName} ({tls.PublicKey.Algorithm}) issues the HTTPS certificate alone, because {TlsAuthority.WhyNeeded(ceremony.Issuing.PublicKey.Algorithm)}; {Show(home.RootCertificate)} holds both roots");
        }
    }

    /// <summary>Which CAs others have taken the place of since the ceremony, or are about to.</summary>
    internal void Successions(AuthorityServices authority)
    {
        if (authority.Successions.List() is { Count: > 0 } successions)
        {
            Step("ca moves", string.Join("; ", successions.Select(s =>
                $"{s.Record.Predecessor} to {s.Record.Successor}{(authority.Issuers.Find(s.Record.Successor) is { } successor ? $" ({KeyKind.Of(successor.Certificate)})" : "")}: {s.Record.State.ToString().ToLowerInvariant()}")));
        }
    }

    internal void Service(bool tlsIsNew) => Step(
        "service",
        string.Create(CultureInfo.InvariantCulture, $"EST at {PublicEndpoint}.well-known/est, CRL and OCSP at {options.PublicUrl}; TLS certificate {(tlsIsNew ? "issued" : "kept")} (key token-wrapped); {TlsPlatform.Describe()}"));

    internal void Agent(SampleAgent.State agent)
    {
        Step("agent", $"{agent.Certificate.SpiffeId?.ToString() ?? agent.Certificate.Subject.ToString()} {(agent.IsNew ? "enrolled over EST" : "kept its certificate")}, good until {Output.Time(agent.Certificate.NotAfter)}");
        Step("verified", $"{agent.Verification.Replace(home.Root, Show(home.Root), StringComparison.Ordinal)}");
    }

    internal void End()
    {
        var launcher = context.Variable(LauncherVariable) is { Length: > 0 } typed ? typed : "agentpki";
        var prefix = context.Variable(CommandContext.HomeVariable) is { Length: > 0 } ? $"{CommandContext.HomeVariable}={Quote(home.Root)} " : "";
        context.Terminal.Line();
        context.Terminal.Line("Next, in another terminal:");
        context.Terminal.Line($"  {prefix}{launcher} certificate list");
        context.Terminal.Line($"  curl --cacert {Quote(Show(home.RootCertificate))} {PublicEndpoint}.well-known/est/cacerts");
        context.Terminal.Line($"  {prefix}{launcher} audit verify");
        context.Terminal.Line();
        context.Terminal.Line($"Serving until Ctrl-C. Log: {Show(home.LogFile)}");
    }

    internal void Stopping() => context.Terminal.Line("Stopping: running requests end, the last entries are committed, a checkpoint is signed.");

    private void Step(string name, string text) => context.Terminal.Markup($"  [green]✓[/] [bold]{name.PadRight(9)}[/] {Markup.Escape(text)}");

    private string Show(string path) => ApplianceHome.Display(path, context.WorkingFolder);

    private static string Quote(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
