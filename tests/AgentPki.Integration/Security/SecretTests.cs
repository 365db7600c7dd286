using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Security;

/// <summary>Invariant 8: no secret in a log, an answer, a ledger entry, a process listing; files belong to the service's user alone.</summary>
public sealed class SecretTests(SharedAppliance shared)
{
    [Fact]
    public async Task Secrets_AppearNowhereButInTheirFiles()
    {
        var appliance = await UsedAsync();
        var secrets = Secrets(appliance);
        Assert.True(secrets.Count >= 3, "the PINs and the enrolment secret were not found");
        foreach (var (place, text) in await PlacesAsync(appliance))
        {
            Assert.True(text.Length > 0, $"{place} is empty: this test would see nothing");
            foreach (var (name, secret) in secrets)
            {
                Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{name} stands in {place}");
            }
        }
    }

    [Fact]
    public async Task Home_BelongsToItsUserAlone()
    {
        var appliance = await shared.GetAsync();
        var open = Directory.EnumerateFileSystemEntries(appliance.Home, "*", SearchOption.AllDirectories).Append(appliance.Home)
            .Where(entry => (File.GetUnixFileMode(entry) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0);
        Assert.Empty(open);
    }

    [Fact]
    public async Task PrivateKeys_LieNowhereInTheClear()
    {
        var appliance = await UsedAsync();
        var sample = Path.Combine(appliance.Home, "dev"); // the sample agent's own key is the sample agent's
        var open = Directory.EnumerateFiles(appliance.Home, "*", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(sample, StringComparison.Ordinal) && !file.EndsWith(".sock", StringComparison.Ordinal) && !IsLock(file) && ReadShared(file).Contains("PRIVATE KEY", StringComparison.Ordinal));
        Assert.Empty(open);
    }

    [Fact]
    public async Task CaKeys_AreSensitiveAndNeverExtractable()
    {
        var appliance = await shared.GetAsync();
        var listed = (await Tool.RunAsync("pkcs11-tool",
            ["--module", Module(), "--token-label", "agentpki", "--login", "--pin", File.ReadAllText(Path.Combine(appliance.Home, "secrets", "pin")).Trim(), "--list-objects", "--type", "privkey"],
            environment: new Dictionary<string, string> { ["SOFTHSM2_CONF"] = Path.Combine(appliance.Home, "softhsm2.conf") })).MustSucceed().Text;
        var keys = listed.Split("Private Key Object").Skip(1).ToList();
        Assert.True(keys.Count >= 3, $"root, issuing CA, OCSP responder, checkpoints: {listed}");
        Assert.All(keys, key => Assert.Matches("Access:.*sensitive.*always sensitive.*never extractable.*local", key.ReplaceLineEndings(" ")));
    }

    // An appliance that has seen every kind of requester, so that its logs and its ledger have something to hide.
    private async Task<Appliance> UsedAsync()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "secret");
        await agent.RenewAsync(appliance);
        await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", "not a request"u8.ToArray(), Requests.Basic(appliance.Credential)));
        await appliance.Https().ExchangeAsync(Requests.Enroll("serverkeygen", Csr.ForDns(Csr.NewP256(), Csr.NewName("secret")), Requests.Basic(appliance.Credential)));
        await appliance.Cli.RunAsync("status");
        return appliance;
    }

    private static List<(string Name, string Secret)> Secrets(Appliance appliance) =>
    [
        .. Directory.GetFiles(Path.Combine(appliance.Home, "secrets")).Select(file => (Path.GetFileName(file), File.ReadAllText(file).Trim())),
        ("the enrolment secret", appliance.Credential.Split(':', 2)[1]),
        ("the enrolment secret as Basic", Requests.Basic(appliance.Credential).Split(' ')[2]),
    ];

    private static async Task<List<(string Place, string Text)>> PlacesAsync(Appliance appliance)
    {
        var process = $"/proc/{appliance.ProcessId}";
        return
        [
            ("standard output", appliance.Output),
            ("the log", string.Concat(Directory.GetFiles(Path.Combine(appliance.Home, "log")).Select(ReadShared))),
            ("the command line", await File.ReadAllTextAsync($"{process}/cmdline")),
            ("the environment", await File.ReadAllTextAsync($"{process}/environ")),
            ("the configuration", await File.ReadAllTextAsync(Path.Combine(appliance.Home, "agentpki.yaml"))),
            ("the token's configuration", await File.ReadAllTextAsync(Path.Combine(appliance.Home, "softhsm2.conf"))),
            ("the ledger", string.Concat(new HomeStore(appliance.Home).LedgerFrom(0).Select(entry => entry.Details))),
            ("the database", string.Concat(Directory.GetFiles(Path.Combine(appliance.Home, "data")).Where(file => !IsLock(file)).Select(ReadShared))),
            ("the metrics", (await appliance.Http().ExchangeAsync(Requests.Get("/metrics")))!.Text),
        ];
    }

    // .NET would take the lock that the appliance holds.
    private static bool IsLock(string file) => file.EndsWith(".lock", StringComparison.Ordinal);

    private static string ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static string Module() => new[] { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so" }.First(File.Exists);
}
