using System.Text.RegularExpressions;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>
/// A root in a home of its own that never serves, and an appliance that does: requests, certificates and CRLs are carried between them as files. Five officers,
/// of whom three decide.
/// </summary>
[Trait("tier", "full")]
public sealed partial class OfflineRootTests
{
    [Fact]
    public async Task Ceremonies_RootElsewhere_ApplianceIssuesUntilTheRootRevokesIt()
    {
        using var room = await CeremonyRoom.CreateAsync(3, "alice", "bob", "carol", "dave", "erin");
        var (root, online) = (room.Files.File("root-home"), room.Files.File("online-home"));
        await room.InitAsync("test-root", root);
        await room.InitAsync("test-online", online);

        // The root, whose token only three officers open; the appliance's, which opens by itself.
        var made = await HoldAsync(room, root, "The root", """
            { step: initialise-token, token: softhsm, pin: quorum }
            { step: ledger-key }
            { step: root-ca, subject: "CN=Test Root,O=Test" }
            { step: root-crl, validity: 90d }
            """);
        var asked = await HoldAsync(room, online, "A request", """
            { step: initialise-token, token: softhsm, pin: service }
            { step: ledger-key }
            { step: issuing-request, subject: "CN=Test Issuing,O=Test" }
            """);
        asked.Carry("issuing.csr", "issuing.csr");
        var certified = await HoldAsync(room, root, "A certificate", """{ step: sign-request, request: issuing.csr, name: issuing }""");
        certified.Carry("issuing.der", "issuing.der");
        made.Carry("root.der", "root.der");
        made.Carry(OnlyList(made), "root-1.crl");
        await HoldAsync(room, online, "The installation", """
            { step: install-ca, certificate: issuing.der, issuer-certificate: root.der }
            { step: install-crl, crl: root-1.crl }
            { step: ocsp-signer }
            """);

        var administrator = await room.BootstrapAsync(online);
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Home = online });
        var credential = await appliance.Cli.NewCredentialAsync("--uses", "0", "--as", administrator);
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("agent"), credential: credential);
        var (leaf, key) = agent.Write(room.Files);
        await OpenSsl.JudgeAsync(room.Files, appliance, leaf, key, agent.Name);
        (await VerifyWithListsAsync(room, appliance, leaf)).MustSucceed();
        Assert.Equal(0, await appliance.StopAsync());

        // The root revokes it, and the appliance learns that from the CRL alone.
        var revoked = await HoldAsync(room, root, "The end of the issuing CA", """
            { step: revoke-ca, certificate: issuing.der }
            { step: root-crl, validity: 90d }
            """);
        revoked.Carry(OnlyList(revoked), "root-2.crl");
        await HoldAsync(room, online, "The CRL", """{ step: install-crl, crl: root-2.crl }""");

        appliance.Launch();
        await Eventually.TrueAsync(async () => await appliance.ReadyStatusAsync() is not null, TimeSpan.FromSeconds(90), () => appliance.Output, () => !appliance.IsRunning);
        var refused = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("late")), Requests.Basic(credential)));
        Assert.NotNull(refused);
        Assert.NotEqual(200, refused.Status);
        var judged = await VerifyWithListsAsync(room, appliance, leaf);
        Assert.Contains("certificate revoked", judged.MustFail().Error, StringComparison.Ordinal);
    }

    private static async Task<CeremonyEvidence> HoldAsync(CeremonyRoom room, string home, string title, string steps)
    {
        var evidence = await room.HoldAsync(room.Script(title, steps), home);
        await evidence.VerifyAsync();
        return evidence;
    }

    private static string OnlyList(CeremonyEvidence evidence) => Path.GetFileName(Assert.Single(Directory.GetFiles(Path.Combine(evidence.Folder, "artifacts"), "*.crl")));

    /// <summary>The path by openssl, with the CRLs that the certificates themselves name, as the appliance serves them.</summary>
    private static async Task<ToolResult> VerifyWithListsAsync(CeremonyRoom room, Appliance appliance, string leaf)
    {
        var files = room.Files;
        var lists = new List<string>();
        foreach (var certificate in new[] { leaf, Path.Combine(room.Folder, "issuing.der") })
        {
            var path = Place().Match((await OpenSsl.RunAsync(files, "x509", "-in", certificate, "-noout", "-ext", "crlDistributionPoints")).MustSucceed().Text).Groups[1].Value;
            var answer = await appliance.Http().ExchangeAsync(Requests.Get(path));
            Assert.NotNull(answer);
            Assert.Equal(200, answer.Status);
            var list = files.File($"{lists.Count}.crl");
            await File.WriteAllBytesAsync(list, answer.Body);
            (await OpenSsl.RunAsync(files, "crl", "-inform", "DER", "-in", list, "-out", list + ".pem")).MustSucceed();
            lists.Add(list + ".pem");
        }

        return await OpenSsl.VerifyAsync(files, appliance, leaf, ["-crl_check_all", .. lists.SelectMany(l => new[] { "-CRLfile", l })]);
    }

    [GeneratedRegex(@"URI:http://[^/\s]+(/\S+)")]
    private static partial Regex Place();
}
