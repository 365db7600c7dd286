using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using AgentPki.Storage;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

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
    internal static async Task PrepareProfileAsync(ApplianceHome home, ApplianceOptions options, Func<CeremonyOptions, CeremonyOptions> change, CancellationToken cancellationToken)
    {
        var wanted = change(CeremonyOptions.Development("", "AgentPki"));
        var known = await KnownAsync(home, options, cancellationToken);
        if (known.Append(wanted.Root.KeyAlgorithm).Append(wanted.Issuing.KeyAlgorithm).All(TlsPlatform.CanChainTo))
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(home.Profiles, "*.yaml"))
        {
            var yaml = await File.ReadAllTextAsync(file, cancellationToken);
            if (yaml.Contains("\nuse: tls-server\n", StringComparison.Ordinal) && yaml.Contains(Usual, StringComparison.Ordinal))
            {
                // That CA has no OCSP responder: its one certificate is in its CRL or not.
                var status = yaml.Contains("\nstatus:", StringComparison.Ordinal) ? "" : "status:\n  ocsp: false\n";
                PrivateFile.Write(file, yaml.Replace(Usual, $"\nissuer: {CeremonyOptions.TlsName}\n{status}", StringComparison.Ordinal));
            }
        }
    }

    /// <summary>The keys of the CAs that a home has by now: a succession may have led to others than it was made with.</summary>
    private static async Task<IReadOnlyList<KeyAlgorithm>> KnownAsync(ApplianceHome home, ApplianceOptions options, CancellationToken cancellationToken)
    {
        var where = ApplianceParts.StoreOptionsOf(home, options);
        if (!File.Exists(where.DatabasePath))
        {
            return [];
        }

        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(where, NullLogger<SqliteStore>.Instance, cancellationToken);
            return [.. (await ((IAuthorityStore)store).ListAsync(cancellationToken)).Select(a => Certificate.Parse(a.Der).PublicKey.Algorithm)];
        }
        catch (StoreUnavailableException)
        {
            return []; // of an earlier build, or damaged: opening it for the service comes next, and migrates it or says so
        }
    }

    /// <summary>Why a home whose issuing CA has such a key has a CA for TLS.</summary>
    internal static string WhyNeeded(KeyAlgorithm issuing) => TlsPlatform.CanChainTo(issuing)
        ? "this home has a CA whose signatures not every OpenSSL knows"
        : $"{TlsPlatform.Version} accepts no TLS certificate signed with {issuing}";

    /// <exception cref="CommandException">The profile names a CA under which this machine cannot serve: a home made elsewhere.</exception>
    internal static void RequireServable(Issuer issuer, ApplianceOptions options)
    {
        if (issuer.Chain.FirstOrDefault(c => !TlsPlatform.CanChainTo(c.PublicKey.Algorithm)) is { } unknown)
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"{TlsPlatform.Version} accepts no TLS certificate signed with {unknown.PublicKey.Algorithm}, so CA '{issuer.Name}' cannot issue the HTTPS certificate here.",
                options.Development
                    ? "Start the home once with 'agentpki up' (or run 'agentpki ceremony --development'), which gives TLS a classical CA of its own, or use a machine with OpenSSL 3.5 or later."
                    : "Use a machine with OpenSSL 3.5 or later (Debian 13, or the container image), or name a classical CA as issuer in profiles/tls-server.yaml.");
        }
    }
}
