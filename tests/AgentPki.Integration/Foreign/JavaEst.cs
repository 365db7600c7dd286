using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>BouncyCastle's Java EST client: <c>tests/foreign/java/EstClient.java</c>, compiled once.</summary>
internal sealed record JavaEst(TempFolder Folder, string Server, string Anchors)
{
    private const string Libraries = "/usr/share/java";
    private static readonly Lazy<Task<string>> Compiled = new(CompileAsync);

    public string[] As { get; init; } = [];

    public string Certificate => Folder.File("cert.pem");

    public string Key => Folder.File("key.pem");

    public static JavaEst To(Appliance appliance, TempFolder folder) => new(folder, $"localhost:{appliance.HttpsPort}", appliance.AnchorsFile);

    public JavaEst WithCredential(string credential) => this with { As = ["--user", credential] };

    public JavaEst WithIdentity(string certificate, string key) => this with { As = ["--cert", certificate, "--key", key] };

    /// <summary>Runs one operation; what it got lies in the folder.</summary>
    public async Task<ToolResult> RunAsync(string operation, string name, string algorithm = "P-256", params string[] more) =>
        (await Tool.RunAsync("java", ["-cp", $"{ClassPath}:{await Compiled.Value}", "EstClient", operation, "--server", Server, "--anchors", Anchors,
            "--out", Folder.Path, "--name", name, "--algorithm", algorithm, .. As, .. more], folder: Folder.Path)).MustSucceed();

    /// <summary>The library's version as Debian counts it.</summary>
    public static async Task<string> VersionAsync() => (await Tool.RunAsync("dpkg-query", ["-W", "-f=${Version}", "libbcpkix-java"])).MustSucceed().Text;

    private static string ClassPath => string.Join(':', new[] { "bcprov", "bcutil", "bcpkix" }.Select(name => $"{Libraries}/{name}.jar"));

    // Beside the test assembly: it goes away with the build output.
    private static async Task<string> CompileAsync()
    {
        var output = Path.Combine(AppContext.BaseDirectory, "java");
        (await Tool.RunAsync("javac", ["-cp", ClassPath, "-d", output, Path.Combine(SourceTree.Foreign, "java", "EstClient.java")])).MustSucceed();
        return output;
    }
}
