using System.Globalization;
using System.Net;
using AgentPki.Client.Peers;
using AgentPki.Server.Cli;
using AgentPki.Server.Guard.Lists;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Guard;

/// <summary>Makes <see cref="GuardOptions"/> of what was typed and written; whatever cannot work is said in one sentence with its remedy.</summary>
internal static class GuardOptionsReader
{
    /// <exception cref="CommandException">Something is missing or cannot work.</exception>
    public static GuardOptions Read(GuardSettings settings)
    {
        var appliance = Url(settings.Required("appliance", "Say where the appliance's plain HTTP port is: --appliance http://pki.example.org:8080."), "appliance");
        var (anchors, intermediates) = Certificates(settings.Required("ca", "Name a PEM file with the root, and better with the issuing CA too: --ca chain.pem (the appliance's anchors/chain.pem)."));
        var options = new GuardOptions(appliance, anchors, intermediates)
        {
            MaximumStaleness = settings.Time("max-staleness", TimeSpan.FromSeconds(30)),
            Sources = Sources(settings.List("source")),
            Admin = Admin(settings.Text("admin") ?? "9443"),
            Door = settings.Text("listen") is { } listen ? Door(settings, listen) : null,
            Lists = settings.Text("crl-dir") is { } folder ? Lists(settings, folder, appliance) : null,
        };
        settings.RefuseUnknown();
        if (options.Door is null && options.Lists is null)
        {
            throw new CommandException(ExitCodes.Usage, "The guard has nothing to do.", "Say --listen and --upstream to guard a service, --crl-dir to keep CRL files, or both.");
        }

        return options;
    }

    private static DoorOptions Door(GuardSettings settings, string listen)
    {
        var upstream = Url(settings.Required("upstream", "Say which service it guards: --upstream http://127.0.0.1:8000."), "upstream");
        return new DoorOptions(EndPoint(listen, "listen", IPAddress.Any), upstream, Identity(settings), [.. settings.List("allow").Select(Pattern)])
        {
            Tokens = Tokens(settings),
            UpstreamTimeout = settings.Time("upstream-timeout", TimeSpan.FromSeconds(100)),
            UpstreamHttp2 = settings.Flag("upstream-http2"),
        };
    }

    private static DoorTokens? Tokens(GuardSettings settings) => (settings.Text("oauth-issuer"), settings.Text("oauth-resource")) switch
    {
        (null, null) => null,
        ({ } issuer, { } resource) when Uri.TryCreate(issuer, UriKind.Absolute, out _) && Uri.TryCreate(resource, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0 => new DoorTokens(issuer.TrimEnd('/'), resource),
        _ => throw new CommandException(ExitCodes.Usage, "To ask for access tokens, the guard needs to know whose and what for.", "Say both --oauth-issuer https://pki.example.org:8443 (the appliance's oauth.issuer) and --oauth-resource https://tools.example.org (as in its oauth.resources)."),
    };

    private static DoorIdentity Identity(GuardSettings settings)
    {
        var (certificate, key, est) = (settings.Text("certificate"), settings.Text("key"), settings.Text("est"));
        if (certificate is null || key is null)
        {
            throw new CommandException(ExitCodes.Usage, "The guard needs a certificate of its own for TLS.", "Name the files with --certificate and --key; with --est URL and --name it enrols and keeps them itself.");
        }

        if (est is null)
        {
            foreach (var file in new[] { certificate, key }.Where(f => !File.Exists(f)))
            {
                throw new CommandException(ExitCodes.Usage, $"There is no file {file}.", "Enrol the guard first, or let it enrol itself with --est URL, --name NAME and --credential FILE.");
            }

            return new DoorIdentity(certificate, key, null);
        }

        var names = settings.List("name");
        return names.Count > 0
            ? new DoorIdentity(certificate, key, new DoorEnrolment(Https(est, "est"), settings.Text("credential"), names))
            : throw new CommandException(ExitCodes.Usage, "To enrol, the guard needs the name that clients know it by.", "Say --name guard.example.org.");
    }

    private static ListFolderOptions Lists(GuardSettings settings, string folder, Uri appliance)
    {
        if (!Directory.Exists(folder))
        {
            throw new CommandException(ExitCodes.Environment, $"There is no folder {folder}.", $"Type: mkdir -p {folder}");
        }

        List<Uri> urls = [.. settings.List("crl").Select(l => l.Contains("://", StringComparison.Ordinal) ? Url(l, "crl") : new Uri(appliance, $"/crl/{Uri.EscapeDataString(l)}.crl"))];
        if (urls.GroupBy(ListFolder.NameOf, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } same)
        {
            throw new CommandException(ExitCodes.Usage, $"The lists {string.Join(" and ", same)} would be the same file {same.Key}.crl.", "Name each list once, and keep lists of one name with a guard and a folder of their own.");
        }

        return urls.Count > 0
            ? new ListFolderOptions(folder, urls, settings.Text("on-change"))
            {
                Every = settings.Time("crl-every", TimeSpan.FromMinutes(1)),
            }
            : throw new CommandException(ExitCodes.Usage, "The guard needs to know which CRLs to keep.", "Name CAs of the appliance (--crl issuing --crl root), or whole URLs; 'openssl x509 -noout -ext crlDistributionPoints -in agent.pem' shows an agent's.");
    }

    private static (IReadOnlyList<Certificate> Anchors, IReadOnlyList<Certificate> Intermediates) Certificates(string file)
    {
        var certificates = Pem.TryReadCertificates(file) ?? throw new CommandException(ExitCodes.Usage, $"{file} holds no certificates that can be read.", "Copy anchors/root.pem and anchors/chain.pem from the appliance's home.");
        var anchors = certificates.Where(c => c.IsSelfIssued).ToList();
        return anchors.Count > 0
            ? (anchors, [.. certificates.Where(c => !c.IsSelfIssued)])
            : throw new CommandException(ExitCodes.Usage, $"{file} holds no root.", "Add the root to it: cat anchors/root.pem anchors/chain.pem > ca.pem.");
    }

    private static List<RevocationSource> Sources(IReadOnlyList<string> names)
    {
        var sources = names.SelectMany(n => n.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(n => Enum.TryParse<RevocationSource>(n, ignoreCase: true, out var source) && !char.IsAsciiDigit(n[0]) ? source
                : throw new CommandException(ExitCodes.Usage, $"'{n}' is no source of revocations.", "Say --source feed,ocsp,crl in the order in which they are asked; 'feed' alone is the strictest.")).ToList();
        return sources.Count == 0 ? [RevocationSource.Feed, RevocationSource.Ocsp, RevocationSource.Crl]
            : sources.Distinct().Count() == sources.Count ? sources
            : throw new CommandException(ExitCodes.Usage, "A source of revocations is named twice.", "Say --source feed,ocsp,crl.");
    }

    private static SpiffeIdPattern Pattern(string text) => SpiffeIdPattern.TryParse(text, out var pattern, out var error)
        ? pattern
        : throw new CommandException(ExitCodes.Usage, $"'{text}' is not a SPIFFE ID: {error}.", "Say --allow spiffe://example.org/agent/a, or with /* at the end for all below.");

    private static Uri Url(string text, string option) => Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Query.Length == 0
        ? url
        : throw new CommandException(ExitCodes.Usage, $"--{option} '{text}' is not an http:// or https:// URL.", $"Write it as --{option} http://host:port.");

    private static Uri Https(string text, string option) => Url(text, option) is { Scheme: "https" } url
        ? url
        : throw new CommandException(ExitCodes.Usage, $"--{option} '{text}' is not an https:// URL: EST is spoken over TLS alone.", $"Name the appliance's HTTPS port: --{option} https://host:8443.");

    private static IPEndPoint Admin(string text)
    {
        var endPoint = EndPoint(text, "admin", IPAddress.Loopback);
        return IPAddress.IsLoopback(endPoint.Address)
            ? endPoint
            : throw new CommandException(ExitCodes.Usage, $"--admin {text} is not a loopback address: health and metrics are for this machine.", "Say a port alone, or 127.0.0.1:PORT.");
    }

    private static IPEndPoint EndPoint(string text, string option, IPAddress fallback)
    {
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return new IPEndPoint(fallback, port);
        }

        return IPEndPoint.TryParse(text.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + text["localhost".Length..] : text, out var endPoint) && text.Contains(':', StringComparison.Ordinal)
            ? endPoint
            : throw new CommandException(ExitCodes.Usage, $"--{option} '{text}' is not an address with its port.", $"Write it as --{option} 8443, --{option} 127.0.0.1:8443 or --{option} [::]:8443.");
    }
}
