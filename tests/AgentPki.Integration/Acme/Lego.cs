using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>lego, Debian's or a newer build, with a folder of its own.</summary>
internal sealed class Lego(AcmeBench bench, string program = "lego")
{
    private readonly string root = bench.Folder.File("lego");

    public string[] Http => ["--http", "--http.port", $"127.0.0.1:{bench.Targets.Http01Port}"];

    public string[] TlsAlpn => ["--tls", "--tls.port", $"127.0.0.1:{bench.Targets.TlsAlpnPort}"];

    public string Chain(string name) => Path.Combine(root, "certificates", $"{name.Replace('*', '_')}.crt");

    public string Key(string name) => Path.Combine(root, "certificates", $"{name.Replace('*', '_')}.key");

    /// <param name="options">What comes before the verb: how challenges are answered, key type.</param>
    /// <param name="verb">The verb and its own options.</param>
    public Task<ToolResult> RunAsync(string[] options, string[] names, params string[] verb) => RunAsync(options, names, new Dictionary<string, string>(), verb);

    public Task<ToolResult> RunAsync(string[] options, string[] names, IReadOnlyDictionary<string, string> environment, params string[] verb) => Tool.RunAsync(
        program,
        ["--server", bench.Directory, "--accept-tos", "--email", "ops@agents.test", "--path", root, .. options, .. names.SelectMany(name => new[] { "--domains", name }), .. verb],
        folder: bench.Folder.Path,
        environment: new Dictionary<string, string>(environment) { ["LEGO_CA_CERTIFICATES"] = bench.Anchors });
}
