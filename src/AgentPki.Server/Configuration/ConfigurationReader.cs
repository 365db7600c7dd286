using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;
using AgentPki.X509.Names;

namespace AgentPki.Server.Configuration;

/// <summary>Reads <c>agentpki.yaml</c> and the environment's overrides; reports every problem at once, with file, line and field.</summary>
public static class ConfigurationReader
{
    public const string HttpsPortVariable = "AGENTPKI_HTTPS_PORT";
    public const string HttpPortVariable = "AGENTPKI_HTTP_PORT";
    public const string AdminPortVariable = "AGENTPKI_ADMIN_PORT";
    public const string BindVariable = "AGENTPKI_BIND";
    public const string PublicUrlVariable = "AGENTPKI_PUBLIC_URL";
    public const string LogLevelVariable = "AGENTPKI_LOG_LEVEL";

    /// <exception cref="CommandException">The configuration is missing or wrong; the message names file and field.</exception>
    public static ApplianceOptions Load(ApplianceHome home, Func<string, string?> variable)
    {
        string text;
        try
        {
            text = File.ReadAllText(home.ConfigurationFile);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCodes.Usage, $"There is no appliance in {home.Root}.", $"Type 'agentpki up' to make one, or name its home with {CommandContext.HomeVariable}=FOLDER.", error);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            throw new CommandException(ExitCodes.Environment, $"The configuration {home.ConfigurationFile} cannot be read: {error.Message}", "Run the command as the user the appliance belongs to.", error);
        }

        var (options, problems) = Read(text, home.ConfigurationFile, variable);
        return problems.Count == 0
            ? options
            : throw new CommandException(ExitCodes.Usage, $"The configuration is wrong: {string.Join("; ", problems)}.", "Correct it and start again.");
    }

    /// <summary>Reads and checks; the options are usable only when there are no problems.</summary>
    public static (ApplianceOptions Options, IReadOnlyList<ConfigurationProblem> Problems) Read(string text, string file, Func<string, string?> variable)
    {
        var root = YamlSection.Parse(text, file);
        var problems = new List<ConfigurationProblem>();
        var listen = ReadListen(root.Section("listen"), variable, problems);
        var development = root.Flag("development", false);
        var options = new ApplianceOptions(
            root.Text("name", "AgentPki"),
            development,
            root.Text("profile", ""),
            root.Text("trustDomain", ""),
            (Override(variable, PublicUrlVariable) ?? root.Text("publicUrl", DefaultPublicUrl(listen))).TrimEnd('/'),
            listen,
            TokenReader.Read(root),
            root.Text("keyPrefix", root.Section("token").Text("keyPrefix", "")),
            root.Text("database", Path.Combine("data", "agentpki.db")),
            ReadTls(root.Section("tls")),
            ReadLimits(root.Section("limits")),
            ReadLog(root.Section("log"), variable, problems),
            root.Choice("metrics", MetricsAudience.Loopback),
            LedgerReader.Read(root.Section("ledger")),
            AcmeReader.Read(root.Section("acme"), development, listen, variable, problems),
            StatusReader.Read(root.Section("crl"), root.Section("ocsp")),
            RevocationReader.Read(root.Section("revocations")),
            BackupSettings.Read(root.Section("backup")))
        {
            Spiffe = SpiffeSettings.Read(root.Section("spiffe"), root.Text("trustDomain", "")),
            Governance = ReadGovernance(root.Section("governance"), development),
            AgentPolicyOid = ReadPolicyOid(root),
            OAuth = OAuthReader.Read(root.Section("oauth"), listen),
            Decisions = DecisionReader.Read(root.Section("decisions")),
        };
        root.RefuseUnknown();
        CheckAcross(root, options);
        problems.AddRange(root.Problems);
        return (options, problems);
    }

    private static void CheckAcross(YamlSection root, ApplianceOptions options)
    {
        if (options.Name.Length > 48 || options.Name.Any(c => c is < ' ' or > '~'))
        {
            root.Report("name", "must be 1 to 48 printable ASCII characters: it becomes part of the CA names");
        }

        if (!SpiffeId.TryParse($"spiffe://{options.TrustDomain}/x", out _))
        {
            root.Report("trustDomain", $"'{options.TrustDomain}' is not a SPIFFE trust domain (lower-case letters, digits, '.', '-', '_'; for example agents.example.org)");
        }

        // RFC 5280 §4.2.2.1, §8: AIA and CDP are plain HTTP, or checking a certificate would need a certificate.
        if (!Uri.TryCreate(options.PublicUrl, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.Query.Length > 0)
        {
            root.Report("publicUrl", $"'{options.PublicUrl}' must be an http:// URL without a query: it is where certificates send relying parties for CRL and OCSP");
        }

        if (options.Listen.HttpsPort == options.Listen.HttpPort && options.Listen.HttpPort != 0)
        {
            root.Report("listen", $"httpsPort and httpPort are both {options.Listen.HttpPort}");
        }

        if (options.Listen.AdminPort is { } admin and not 0 && (admin == options.Listen.HttpsPort || admin == options.Listen.HttpPort))
        {
            root.Report("listen", $"adminPort is {admin}, which is another port already");
        }

        if (options.Spiffe.Federation.Port is { } bundles and not 0 && (bundles == options.Listen.HttpsPort || bundles == options.Listen.HttpPort || bundles == options.Listen.AdminPort))
        {
            root.Report("spiffe", $"federation.port is {bundles}, which is another port already");
        }

        if (options.Limits is { RequestsPerSecond: > 0 } limits && limits.Burst < limits.RequestsPerSecond)
        {
            root.Report("limits", $"burst ({limits.Burst}) must not be below requestsPerSecond ({limits.RequestsPerSecond})");
        }

        if (options.Limits.ConnectionsPerClient > options.Limits.Connections)
        {
            root.Report("limits", "connectionsPerClient must not be above connections");
        }
    }

    private static ListenOptions ReadListen(YamlSection section, Func<string, string?> variable, List<ConfigurationProblem> problems)
    {
        var bind = Override(variable, BindVariable) ?? section.Text("bind", "127.0.0.1");
        if (!IPAddress.TryParse(bind, out var address))
        {
            problems.Add(new ConfigurationProblem(Override(variable, BindVariable) is null ? "agentpki.yaml" : BindVariable, "listen.bind", $"'{bind}' is not an IP address"));
        }

        var options = new ListenOptions(
            address ?? IPAddress.Loopback,
            PortOverride(variable, HttpsPortVariable, "listen.httpsPort", problems) ?? section.Number("httpsPort", 8443, 0, 65535),
            PortOverride(variable, HttpPortVariable, "listen.httpPort", problems) ?? section.Number("httpPort", 8080, 0, 65535),
            section.List("names"),
            ReadNetworks(section, "trustedProxies"),
            section.Text("proxySocket", ""))
        {
            AdminPort = PortOverride(variable, AdminPortVariable, "listen.adminPort", problems) ?? (section.Text("adminPort", "").Length > 0 ? section.Number("adminPort", 0, 0, 65535) : null),
            AdminBind = ReadAdminBind(section),
        };
        foreach (var name in options.Names.Where(n => !IPAddress.TryParse(n, out _) && Uri.CheckHostName(n) != UriHostNameType.Dns))
        {
            section.Report("names", $"'{name}' is neither a DNS name nor an IP address");
        }

        // Read even when overridden, so that they count as known.
        _ = (section.Text("bind", ""), section.Text("httpsPort", ""), section.Text("httpPort", ""), section.Text("adminPort", ""));
        section.RefuseUnknown();
        return options;
    }

    private static IPAddress ReadAdminBind(YamlSection section)
    {
        var text = section.Text("adminBind", "127.0.0.1");
        if (IPAddress.TryParse(text, out var address))
        {
            return address;
        }

        section.Report("adminBind", $"'{text}' is not an IP address");
        return IPAddress.Loopback;
    }

    private static GovernanceOptions ReadGovernance(YamlSection section, bool development)
    {
        var options = new GovernanceOptions(section.Flag("fourEyes", !development), section.Duration("requestLifetime", TimeSpan.FromDays(3), TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)));
        if (!options.FourEyes && !development)
        {
            section.Report("fourEyes", "only a development home can do without a second person");
        }

        section.RefuseUnknown();
        return options;
    }

    internal static List<IPNetwork> ReadNetworks(YamlSection section, string field)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in section.List(field))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(text, out var address))
            {
                networks.Add(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
            }
            else
            {
                section.Report(field, $"'{text}' is neither an IP address nor a network such as 10.0.0.0/8");
            }
        }

        return networks;
    }

    private static TlsOptions ReadTls(YamlSection section)
    {
        var options = new TlsOptions(
            section.Duration("renewBefore", TimeSpan.FromDays(10), TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
            section.Duration("handshakeTimeout", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
        section.RefuseUnknown();
        return options;
    }

    // Go's parser refuses a certificate that has an object identifier with a component of 2^31 or more.
    private static string ReadPolicyOid(YamlSection root)
    {
        var oid = root.Text("agentPolicyOid", X509.AgentPolicies.AgentPolicyDer.DefaultOid);
        if (!X509.Der.ObjectIdentifier.IsDotted(oid) || !oid.Split('.').All(c => int.TryParse(c, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            root.Report("agentPolicyOid", $"'{oid}' is not an object identifier with components below 2^31, for example {X509.AgentPolicies.AgentPolicyDer.DefaultOid}");
        }

        return oid;
    }

    private static LimitOptions ReadLimits(YamlSection section)
    {
        var options = new LimitOptions(
            section.Number("requestsPerSecond", 100, 0, 1_000_000),
            section.Number("burst", 400, 1, 10_000_000),
            section.Number("statusPerSecond", 1000, 0, 1_000_000),
            section.Number("connections", 4096, 8, 1_000_000),
            section.Number("connectionsPerClient", 512, 1, 1_000_000),
            section.Number("bodyBytes", 256 * 1024, 4096, 64 * 1024 * 1024),
            section.Duration("headerTimeout", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)),
            section.Duration("keepAlive", TimeSpan.FromSeconds(75), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            section.Number("minimumBytesPerSecond", 240, 0, 1_000_000),
            section.Number("unconfirmedRevocations", 100, 0, int.MaxValue),
            section.Number("grantsPerHour", 120, 0, 1_000_000));
        section.RefuseUnknown();
        return options;
    }

    private static LogOptions ReadLog(YamlSection section, Func<string, string?> variable, List<ConfigurationProblem> problems)
    {
        var level = section.Choice("level", LogLevel.Information);
        if (Override(variable, LogLevelVariable) is { } text)
        {
            if (Enum.TryParse<LogLevel>(text, ignoreCase: true, out var chosen) && Enum.IsDefined(chosen))
            {
                level = chosen;
            }
            else
            {
                problems.Add(new ConfigurationProblem(LogLevelVariable, "log.level", $"'{text}' must be one of {string.Join(", ", Enum.GetNames<LogLevel>()).ToLowerInvariant()}"));
            }
        }

        var options = new LogOptions(level, section.Number("megabytesPerFile", 16, 1, 1024), section.Number("files", 5, 1, 100));
        section.RefuseUnknown();
        return options;
    }

    private static int? PortOverride(Func<string, string?> variable, string name, string field, List<ConfigurationProblem> problems)
    {
        if (Override(variable, name) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535)
        {
            return port;
        }

        problems.Add(new ConfigurationProblem(name, field, $"'{text}' must be a port number from 0 to 65535"));
        return null;
    }

    private static string DefaultPublicUrl(ListenOptions listen)
    {
        var host = IPAddress.IsLoopback(listen.Bind) || listen.Bind.Equals(IPAddress.Any) || listen.Bind.Equals(IPAddress.IPv6Any)
            ? "localhost"
            : new UriBuilder { Host = listen.Bind.ToString() }.Host;
        return string.Create(CultureInfo.InvariantCulture, $"http://{host}:{listen.HttpPort}");
    }

    private static string? Override(Func<string, string?> variable, string name) => variable(name) is { Length: > 0 } value ? value : null;
}
