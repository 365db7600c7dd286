using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;

namespace AgentPki.Server.Composition;

/// <summary>
/// Where the platform's TLS does not know how the issuing CA signs, the HTTPS certificate comes from a small classical CA of its own (docs/adr/0008). Which
/// CA it is says the profile <c>tls-server</c>: a home keeps what it was given, on whatever machine it is started next.
/// </summary>
internal static class TlsAuthority
{
    private const string Usual = "\nissuer: issuing\n";

    /// <summary>Puts the TLS CA into the home's <c>tls-server</c> profile if this machine needs it; the ceremony then makes what the profile names.</summary>
    /// <param name="change">What the ceremony is asked for otherwise than usual.</param>
    /// <remarks>A home that went over to CAs which this machine's TLS does not know keeps HTTPS with the older ones (<see cref="IssuerDirectory.IssuerFor"/>).</remarks>
    internal static void PrepareProfile(ApplianceHome home, Func<CeremonyOptions, CeremonyOptions> change)
    {
        var wanted = change(CeremonyOptions.Development("", "AgentPki"));
        if (TlsPlatform.CanChainTo(wanted.Root.KeyAlgorithm) && TlsPlatform.CanChainTo(wanted.Issuing.KeyAlgorithm))
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(home.Profiles, "*.yaml"))
        {
            var yaml = File.ReadAllText(file);
            if (yaml.Contains("\nuse: tls-server\n", StringComparison.Ordinal) && yaml.Contains(Usual, StringComparison.Ordinal))
            {
                // That CA has no OCSP responder: its one certificate is in its CRL or not.
                var status = yaml.Contains("\nstatus:", StringComparison.Ordinal) ? "" : "status:\n  ocsp: false\n";
                PrivateFile.Write(file, yaml.Replace(Usual, $"\nissuer: {CeremonyOptions.TlsName}\n{status}", StringComparison.Ordinal));
            }
        }
    }

    /// <summary>Why a home whose issuing CA has such a key has a CA for TLS.</summary>
    internal static string WhyNeeded(KeyAlgorithm issuing) => TlsPlatform.CanChainTo(issuing)
        ? "it was made where TLS knew no such algorithm"
        : $"{TlsPlatform.Version} accepts no TLS certificate signed with {issuing}";

    /// <exception cref="CommandException">The profile names a CA under which this machine cannot serve: a home made elsewhere.</exception>
    internal static void RequireServable(IssuerDirectory issuers, Issuer issuer, ApplianceOptions options)
    {
        if (issuers.WhyNotInTls(issuer) is { } why)
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"{why}, so CA '{issuer.Name}' cannot issue the HTTPS certificate here.",
                options.Development
                    ? "Start the home once with 'agentpki up' (or run 'agentpki ceremony --development'), which gives TLS a classical CA of its own, or use a machine with OpenSSL 3.5 or later."
                    : "Use a machine with OpenSSL 3.5 or later (Debian 13, or the container image), or name a classical CA as issuer in profiles/tls-server.yaml.");
        }
    }
}
