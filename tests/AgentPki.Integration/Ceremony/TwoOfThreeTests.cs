using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>An appliance of one machine from nothing to its first agent: three officers, of whom two decide, and a SoftHSM token.</summary>
public sealed class TwoOfThreeTests
{
    private const string Steps = """
        { step: ledger-key }
        { step: root-ca, subject: "CN=Test Root,O=Test" }
        { step: issuing-ca, subject: "CN=Test Issuing,O=Test", quorum: 3 }
        { step: ocsp-signer }
        { step: tsa-signer, subject: "CN=Test Time Stamps,O=Test" }
        """;

    [Fact]
    public async Task Run_TokenThatOpensByItself_IsServedAfterwardsAndEnrolsAnAgent()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();

        var evidence = await room.HoldAsync(room.Script("The first keys", "{ step: initialise-token, token: softhsm, pin: service }\n" + Steps));

        await evidence.VerifyAsync();
        var administrator = await room.BootstrapAsync(room.Home);
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Home = room.Home });
        var credential = await appliance.Cli.NewCredentialAsync("--uses", "0", "--as", administrator);
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("agent"), credential: credential);
        var (certificate, key) = agent.Write(room.Files);
        await OpenSsl.JudgeAsync(room.Files, appliance, certificate, key, agent.Name);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        Assert.Equal(0, await appliance.StopAsync());
    }

    [Fact, Trait("tier", "full")]
    public async Task Run_TokenOfTheQuorum_NobodyButTwoOfficersOpensIt()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();

        var evidence = await room.HoldAsync(room.Script("The first keys", "{ step: initialise-token, token: softhsm, pin: quorum }\n" + Steps));

        await evidence.VerifyAsync();
        foreach (var name in new[] { "issuing-ocsp", "issuing-tsa", "issuing" })
        {
            var above = name == "issuing" ? "root" : "issuing";
            (await OpenSsl.RunAsync(room.Files, "verify", "-partial_chain", "-CAfile", await PemAsync(room, evidence, above), await PemAsync(room, evidence, name))).MustSucceed();
        }

        // What lies on the disk opens nothing, and neither does one officer. (What the service does then: StartLockedTests.)
        Assert.False(File.Exists(Path.Combine(room.Home, "secrets", "pin")));
        await using var alone = room.At(null, "ceremony", "run", room.Script("Alone", "{ step: root-crl }"));
        Assert.Equal(1, await room.AttendAsync(alone, question =>
        {
            var leave = question is { Asks: CeremonyAsks.Officer, Officer: "bob" } && question.What.Contains("step 1", StringComparison.Ordinal);
            if (leave)
            {
                alone.Type("stop");
            }

            return Task.FromResult(leave);
        }));
    }

    private static async Task<string> PemAsync(CeremonyRoom room, CeremonyEvidence evidence, string name)
    {
        (await OpenSsl.RunAsync(room.Files, "x509", "-in", evidence.Artifact(name + ".der"), "-out", $"{name}.pem")).MustSucceed();
        return $"{name}.pem";
    }
}
