using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Spiffe;

/// <summary>A real appliance with a trust domain of its own, which gives its bundle to others and follows theirs.</summary>
internal sealed class FederationPeer : IAsyncDisposable
{
    private readonly int _port = FreePorts.Pair().First;
    private readonly string _configuration;
    private readonly string _entries;

    private FederationPeer(Appliance appliance, string trustDomain)
    {
        (Appliance, TrustDomain) = (appliance, trustDomain);
        _configuration = File.ReadAllText(ConfigurationFile);
        _entries = File.ReadAllText(EntriesFile);
    }

    public Appliance Appliance { get; }

    public string TrustDomain { get; }

    /// <summary>The agent that processes of this user are.</summary>
    public string Agent => $"spiffe://{TrustDomain}/agent/developer";

    /// <summary>Its bundle by a certificate for a name (profile https_web).</summary>
    public string WebUrl => $"https://localhost:{Appliance.HttpsPort}/spiffe/bundle";

    /// <summary>Its bundle by an X.509-SVID (profile https_spiffe).</summary>
    public string SpiffeUrl => $"https://localhost:{_port}/spiffe/bundle";

    public string EndpointId => EndpointIdOf(TrustDomain);

    /// <summary>Where the bundle of another is kept for the next start.</summary>
    public string KeptBundle(string trustDomain) => Path.Combine(Appliance.Home, "spiffe", "bundles", $"{trustDomain}.json");

    private string ConfigurationFile => Path.Combine(Appliance.Home, "agentpki.yaml");

    private string EntriesFile => Path.Combine(Appliance.Home, "spiffe", "entries.yaml");

    public static string EndpointIdOf(string trustDomain) => $"spiffe://{trustDomain}/agentpki/bundle-endpoint";

    /// <summary>A new home that publishes and follows nobody yet.</summary>
    public static async Task<FederationPeer> StartAsync(string trustDomain)
    {
        var appliance = await Appliance.StartNewAsync(new ApplianceOptions { UpArguments = ["--trust-domain", trustDomain] });
        try
        {
            var peer = new FederationPeer(appliance, trustDomain);
            await peer.FollowAsync();
            return peer;
        }
        catch
        {
            await appliance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts again and follows these; its agent gets their bundles.</summary>
    public async Task FollowAsync(params (string Name, string Fields)[] domains)
    {
        await Appliance.StopAsync();
        var list = domains.Length == 0 ? "" : $"    domains:\n{string.Concat(domains.Select(d => $"      - {{name: {d.Name}, {d.Fields}}}\n"))}";
        await File.WriteAllTextAsync(ConfigurationFile, Put(_configuration, "  callsPerUser: 1000\n", $"  federation:\n    publish: true\n    port: {_port}\n    refreshHint: 10s\n{list}"));
        await File.WriteAllTextAsync(EntriesFile, domains.Length == 0 ? _entries : Put(_entries, "    owner: development\n", $"    federates: [{string.Join(", ", domains.Select(d => d.Name))}]\n"));
        await Appliance.StartAsync();
    }

    /// <summary>What an administrator hands to another: the bundle as curl fetches it by the root.</summary>
    public async Task SaveBundleAsync(string file) =>
        (await Tool.RunAsync("curl", ["-sS", "--fail", "--noproxy", "*", "--cacert", Appliance.AnchorsFile, "-o", file, WebUrl])).MustSucceed();

    /// <summary>What the log says, all of it.</summary>
    public string Said()
    {
        using var file = new FileStream(Path.Combine(Appliance.Home, "log", "agentpki.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>How long ago a foreign endpoint last answered, in seconds; -1: not since the start.</summary>
    public async Task<double> AgeOfAsync(string trustDomain)
    {
        var metrics = (await Appliance.Http().ExchangeAsync(Requests.Get("/metrics")))?.Text ?? "";
        var line = metrics.Split('\n').SingleOrDefault(l => l.StartsWith("agentpki_federation_bundle_age_seconds{", StringComparison.Ordinal) && l.Contains($"trust_domain=\"{trustDomain}\"", StringComparison.Ordinal));
        return line is null ? throw new InvalidOperationException($"no age of {trustDomain}:\n{metrics}") : double.Parse(line.Split("} ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => Appliance.DisposeAsync();

    private static string Put(string text, string after, string what)
    {
        var at = text.IndexOf(after, StringComparison.Ordinal);
        return at < 0 ? throw new InvalidOperationException($"no '{after.Trim()}' in:\n{text}") : text.Insert(at + after.Length, what);
    }
}
