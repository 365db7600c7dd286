using System.Security.Cryptography;
using System.Text.RegularExpressions;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Runbooks;

/// <summary>A production home of three officers whose issuing CA is under a root of its own, and the runbooks of <c>docs/runbooks</c>, carried out as they stand there.</summary>
internal sealed partial class RunbookHome : IAsyncDisposable
{
    // Exit code: nothing was done yet, a second person is wanted.
    private const int WaitsForSomebody = 6;

    private RunbookHome(CeremonyRoom room) => Room = room;

    public CeremonyRoom Room { get; }

    public TempFolder Files => Room.Files;

    public string Administrator { get; private set; } = "";

    public CeremonyEvidence First { get; private set; } = null!;

    public Appliance Appliance { get; private set; } = null!;

    /// <summary>Without any CA.</summary>
    public static async Task<RunbookHome> CreateEmptyAsync()
    {
        var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        return new RunbookHome(room);
    }

    /// <summary>With a root and an issuing CA, two administrators, and served.</summary>
    /// <param name="tokens">What is appended to agentpki.yaml, where the tokens are its last section.</param>
    /// <param name="more">Steps before the ledger's key.</param>
    public static async Task<RunbookHome> CreateAsync(string tokens = "", string more = "", string dotNet = "dotnet")
    {
        var home = await CreateEmptyAsync();
        try
        {
            await File.AppendAllTextAsync(Path.Combine(home.Room.Home, "agentpki.yaml"), tokens);
            home.First = await home.Room.HoldAsync(home.Room.Script("The first keys", $$"""
                { step: initialise-token, token: softhsm, pin: service }
                {{more}}
                { step: ledger-key }
                { step: root-ca, subject: "CN=Test Root,O=Test" }
                { step: issuing-ca, subject: "CN=Test Issuing,O=Test" }
                { step: ocsp-signer }
                """));
            home.Administrator = await home.Room.BootstrapAsync();
            await home.ServeAsync(dotNet);
            return home;
        }
        catch
        {
            await home.DisposeAsync();
            throw;
        }
    }

    public async Task ServeAsync(string dotNet = "dotnet")
    {
        Appliance = await Appliance.StartNewAsync(new ApplianceOptions { Home = Room.Home, DotNet = dotNet });
        if (Administrator.Length == 0)
        {
            throw new InvalidOperationException("nobody administers this home");
        }
    }

    /// <summary>First administrators of a home that has CAs now; then it is served.</summary>
    public async Task BootstrapAndServeAsync()
    {
        Administrator = await Room.BootstrapAsync();
        await ServeAsync();
    }

    /// <summary>One ceremony by the runbook's own script, while nobody serves the home; judged by both judges.</summary>
    /// <param name="change">What its page says to put in its place.</param>
    public async Task<CeremonyEvidence> CarryOutAsync(string runbook, Func<string, string>? change = null)
    {
        var script = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "runbooks", runbook));
        var name = Path.GetFileName(runbook);
        await File.WriteAllTextAsync(Files.File(name), change?.Invoke(script) ?? script);
        var evidence = await Room.HoldAsync(name);
        await evidence.VerifyAsync();
        return evidence;
    }

    /// <summary>Steps of a runbook's page that have no script of their own.</summary>
    public async Task<CeremonyEvidence> HoldAsync(string title, string steps)
    {
        var evidence = await Room.HoldAsync(Room.Script(title, steps));
        await evidence.VerifyAsync();
        return evidence;
    }

    public async Task StopAsync() => Assert.Equal(0, await Appliance.StopAsync());

    /// <summary>A command of one administrator, which the other approves where it waits for that.</summary>
    /// <returns>What was said to the one who asked, or to the one who approved.</returns>
    public async Task<string> AdministerAsync(params string[] command)
    {
        var asked = await Appliance.Cli.RunAsync([.. command, "--as", Administrator]);
        return asked.ExitCode == WaitsForSomebody
            ? (await Appliance.Cli.RunAsync("request", "approve", Waiting().Match(asked.Error).Groups[1].Value, "--as", Files.File("ben.pem"))).MustSucceed().Text
            : asked.MustSucceed().Text;
    }

    /// <summary>The administrators step of a ceremony: the same two people with the same requests, when nobody can log in.</summary>
    public async Task RestoreAdministratorsAsync()
    {
        var evidence = await CarryOutAsync(Path.Combine("..", "ceremonies", "administrators.yaml"));
        foreach (var name in new[] { "ada", "ben" })
        {
            var chain = new List<string>();
            foreach (var der in new[] { $"administrator-{name}", "ca-0", "ca-1" }.Select(n => evidence.Artifact(n + ".der")).Where(File.Exists))
            {
                var content = await File.ReadAllBytesAsync(der);
                chain.Add(PemEncoding.WriteString("CERTIFICATE", content));
            }

            await File.WriteAllTextAsync(Files.File($"{name}.pem"), string.Join('\n', chain) + '\n' + await File.ReadAllTextAsync(Files.File($"{name}.key")));
        }
    }

    /// <summary>An agent with a new credential, whose certificate openssl verifies up to the anchors of the home.</summary>
    public async Task<EnrolledAgent> EnrollAsync()
    {
        var credential = await Appliance.Cli.NewCredentialAsync("--as", Administrator);
        var agent = await EnrolledAgent.EnrollNamedAsync(Appliance, Csr.NewName("agent"), credential: credential);
        var (certificate, key) = agent.Write(Files);
        await OpenSsl.JudgeAsync(Files, Appliance, certificate, key, agent.Name);
        return agent;
    }

    /// <summary>Whether the agent's certificate can be renewed now.</summary>
    public async Task<int> TryRenewAsync(EnrolledAgent agent)
    {
        var answer = await Appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate);
        return answer?.Status ?? 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (Appliance is not null)
        {
            await Appliance.DisposeAsync();
        }

        Room.Dispose();
    }

    [GeneratedRegex("request ([0-9a-f]{32}) waits")]
    private static partial Regex Waiting();
}
