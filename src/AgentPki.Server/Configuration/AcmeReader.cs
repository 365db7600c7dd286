using System.Globalization;
using System.Net;
using AgentPki.Authority.Acme;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Server.Configuration;

/// <summary>ACME as configured: what the service does, how it validates, and whom it believes about devices and agents.</summary>
public sealed record AcmeSettings(AcmeOptions Service, AcmeNonceOptions Nonces, AcmeValidationOptions Validation, AttestationSettings Attestation, AuthorityTokenSettings AuthorityTokens);

/// <summary>Reads the section <c>acme:</c> and, for a development home, the variables with which stock clients are tried without privileges.</summary>
internal static class AcmeReader
{
    public const string Http01PortVariable = "AGENTPKI_ACME_HTTP01_PORT";
    public const string TlsAlpnPortVariable = "AGENTPKI_ACME_TLSALPN_PORT";
    public const string ResolverVariable = "AGENTPKI_ACME_RESOLVER";

    public static AcmeSettings Read(YamlSection section, bool development, ListenOptions listen, Func<string, string?> variable, List<ConfigurationProblem> problems)
    {
        var caa = section.List("caaIdentities");
        var baseUrl = Optional(section.Text("baseUrl", "").TrimEnd('/'));
        var service = new AcmeOptions
        {
            BaseUrl = baseUrl ?? DefaultBaseUrl(listen),
            HasOneBaseUrl = baseUrl is not null,
            ExternalAccountRequired = section.Flag("externalAccountRequired", false),
            TermsOfService = Optional(section.Text("termsOfService", "")),
            Website = Optional(section.Text("website", "")),
            CaaIdentities = caa,
            OrderLifetime = section.Duration("orderLifetime", TimeSpan.FromDays(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
            AuthorizationLifetime = section.Duration("authorizationLifetime", TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
            RenewalInfoInterval = section.Duration("renewalInfoInterval", TimeSpan.FromHours(6), TimeSpan.FromMinutes(1), TimeSpan.FromDays(2)),
            MaximumIdentifiers = section.Number("maximumNames", 100, 1, 1000),
        };
        var nonces = new AcmeNonceOptions { Node = (ushort)section.Number("node", 0, 0, ushort.MaxValue) };
        var validation = ReadValidation(section.Section("validation"), development, variable, problems) with { CaaIdentities = caa };
        var attestation = AttestationReader.Read(section.Section("attestation"));
        var tokens = AuthorityTokenReader.Read(section.Section("authorityTokens"));
        section.RefuseUnknown();
        Check(section, () => service.Validate());
        Check(section, () => validation.Validate());
        Check(section, () => attestation.Options.Validate());
        Check(section, () => tokens.Options.Validate());
        return new AcmeSettings(service, nonces, validation, attestation, tokens);
    }

    private static AcmeValidationOptions ReadValidation(YamlSection section, bool development, Func<string, string?> variable, List<ConfigurationProblem> problems)
    {
        var egress = new EgressOptions
        {
            Allowed = ConfigurationReader.ReadNetworks(section, "allow"),
            Refused = ConfigurationReader.ReadNetworks(section, "refuse"),
            MaximumRedirects = section.Number("redirects", 5, 0, 20),
            TotalTimeout = section.Duration("timeout", TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2)),
            Development = development ? new DevelopmentTargets { Http01Port = Port(variable, Http01PortVariable, 80, problems), TlsAlpnPort = Port(variable, TlsAlpnPortVariable, 443, problems) } : null,
        };
        // Only a development home listens to the environment: in production nobody who can set a variable chooses who is asked for names.
        var named = development && variable(ResolverVariable) is { Length: > 0 } one ? [one] : section.List("resolvers");
        var servers = new List<IPEndPoint>();
        foreach (var text in named)
        {
            if (ResolverOptions.TryParseServer(text, out var server))
            {
                servers.Add(server);
            }
            else
            {
                section.Report("resolvers", $"'{text}' is no DNS server: an address, or address:port");
            }
        }

        _ = section.List("resolvers"); // read even when overridden, so that it counts as known
        section.RefuseUnknown();
        return new AcmeValidationOptions { Egress = egress, Resolver = new ResolverOptions { Servers = servers } };
    }

    private static int Port(Func<string, string?> variable, string name, int fallback, List<ConfigurationProblem> problems)
    {
        if (variable(name) is not { Length: > 0 } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
        {
            return port;
        }

        problems.Add(new ConfigurationProblem(name, "acme.validation", $"'{text}' must be a port number from 1 to 65535"));
        return fallback;
    }

    private static void Check(YamlSection section, Action validate)
    {
        try
        {
            validate();
        }
        catch (ArgumentException wrong)
        {
            section.Report("acme", wrong.Message);
        }
    }

    // Behind a proxy, the appliance's first name at the port of HTTPS: where the proxy is. Else where it listens itself.
    private static string DefaultBaseUrl(ListenOptions listen) => listen.Names is [var first, ..]
        ? listen.ProxySocket.Length > 0 || listen.TrustedProxies.Count > 0 ? $"https://{first}"
            : string.Create(CultureInfo.InvariantCulture, $"https://{(IPAddress.IsLoopback(listen.Bind) ? "localhost" : first)}:{listen.HttpsPort}")
        : string.Create(CultureInfo.InvariantCulture, $"https://localhost:{listen.HttpsPort}");

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
