using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>certbot with folders of its own; the standalone authenticator answers http-01.</summary>
internal sealed class Certbot(AcmeBench bench)
{
    private readonly string root = bench.Folder.File("certbot");

    public string FullChain(string name) => Path.Combine(root, "config", "live", name, "fullchain.pem");

    public string Certificate(string name) => Path.Combine(root, "config", "live", name, "cert.pem");

    public string Key(string name) => Path.Combine(root, "config", "live", name, "privkey.pem");

    public async Task RegisterAsync(params string[] more) => (await RunAsync(["register", "--agree-tos", "-m", "ops@agents.test", .. more])).MustSucceed();

    /// <summary>Obtains a certificate that is kept under its first name.</summary>
    public async Task ObtainAsync(string keyType, string name, params string[] more)
    {
        string[] names = [name, .. more.Where(option => !option.StartsWith('-'))];
        (await RunAsync(["certonly", "--standalone", "--preferred-challenges", "http", "--http-01-port", $"{bench.Targets.Http01Port}", "--http-01-address", "127.0.0.1",
            "--key-type", keyType, "--cert-name", name, .. names.SelectMany(n => new[] { "-d", n })])).MustSucceed();
    }

    /// <summary>Within a command, certbot never asks and never reads the system's folders.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => Tool.RunAsync(
        "certbot",
        [.. arguments, "--non-interactive", "--config-dir", Path.Combine(root, "config"), "--work-dir", Path.Combine(root, "work"), "--logs-dir", Path.Combine(root, "logs"), "--server", bench.Directory],
        folder: bench.Folder.Path,
        environment: new Dictionary<string, string> { ["REQUESTS_CA_BUNDLE"] = bench.Anchors });
}
