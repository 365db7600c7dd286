using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>Roots and issuing CAs that move from ECDSA to ML-DSA by way of both, on two tokens; and a root of somebody else that is cross-certified.</summary>
[Trait("tier", "full")]
public sealed class SuccessorTests
{
    [Fact]
    public async Task Successor_EcdsaToCatalystToMlDsa_EachRootIsFollowedFromTheOther()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        await AddLatticeTokenAsync(room);

        var first = await room.HoldAsync(room.Script("The first keys", """
            { step: initialise-token, token: softhsm, pin: quorum }
            { step: initialise-token, token: nss, pin: quorum }
            { step: ledger-key }
            { step: root-ca, subject: "CN=Test Root,O=Test" }
            { step: issuing-ca, subject: "CN=Test Issuing,O=Test" }
            """));
        await first.VerifyAsync();
        var both = await room.HoldAsync(room.Script("Both", """
            { step: successor, algorithm: catalyst ecdsa-p384 + ml-dsa-65, root-algorithm: catalyst ecdsa-p384 + ml-dsa-65 }
            { step: succession, to: switch }
            { step: succession, to: finish }
            """));
        await both.VerifyAsync();
        var last = await room.HoldAsync(room.Script("ML-DSA", """
            { step: successor, authority: issuing-2, algorithm: ml-dsa-65, root-algorithm: ml-dsa-87 }
            { step: succession, authority: issuing-2, to: switch }
            { step: succession, authority: issuing-2, to: finish }
            """));
        await last.VerifyAsync();

        // Who trusts the old root follows to the new one, and the other way round; without the roll-over certificate neither does.
        await AssertFollowedAsync(room, first.Artifact("root.der"), both, "root-2", "issuing-2", first.Artifact("issuing.der"));
        await AssertFollowedAsync(room, both.Artifact("root-2.der"), last, "root-3", "issuing-3", both.Artifact("issuing-2.der"));
    }

    [Fact]
    public async Task CrossSign_RootMadeByOpenSsl_WhoTrustsOursFollowsToItsCertificates()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        var files = room.Files;
        (await OpenSsl.RunAsync(files, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", "foreign.pem.key", "-out", "foreign.pem", "-days", "400", "-subj", "/O=Other/CN=Other Root",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")).MustSucceed();
        (await OpenSsl.RunAsync(files, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", "leaf.key", "-out", "leaf.pem", "-days", "90", "-subj", "/CN=leaf.other.test",
            "-CA", "foreign.pem", "-CAkey", "foreign.pem.key", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:leaf.other.test")).MustSucceed();

        var evidence = await room.HoldAsync(room.Script("A cross-certificate", """
            { step: initialise-token, token: softhsm, pin: quorum }
            { step: ledger-key }
            { step: root-ca, subject: "CN=Test Root,O=Test" }
            { step: cross-sign, certificate: foreign.pem, name: other-root, validity: 1y }
            """));

        await evidence.VerifyAsync();
        var (anchor, cross) = (evidence.Artifact("root.der"), evidence.Artifact("other-root.der"));
        (await VerifyAsync(room, anchor, "leaf.pem", cross)).MustSucceed();
        (await VerifyAsync(room, anchor, "leaf.pem")).MustFail();
    }

    private static async Task AssertFollowedAsync(CeremonyRoom room, string oldRoot, CeremonyEvidence made, string root, string issuing, string oldIssuing)
    {
        var (newRoot, newIssuing) = (made.Artifact($"{root}.der"), made.Artifact($"{issuing}.der"));
        var (newWithOld, oldWithNew) = (made.Artifact($"{root}-new-with-old.der"), made.Artifact($"{root}-old-with-new.der"));
        (await VerifyAsync(room, oldRoot, newIssuing, newWithOld)).MustSucceed();
        (await VerifyAsync(room, oldRoot, newIssuing)).MustFail();
        (await VerifyAsync(room, newRoot, oldIssuing, oldWithNew)).MustSucceed();
        (await VerifyAsync(room, newRoot, oldIssuing)).MustFail();
        (await VerifyAsync(room, newRoot, newIssuing)).MustSucceed();
    }

    /// <summary>An openssl that knows ML-DSA judges a path.</summary>
    private static async Task<ToolResult> VerifyAsync(CeremonyRoom room, string anchor, string target, params string[] between)
    {
        var bundles = new[] { "anchor", "between", "target" }.Select(room.Files.File).ToList();
        foreach (var (bundle, certificates) in bundles.Zip([[anchor], between, [target]]))
        {
            await File.WriteAllTextAsync(bundle, "");
            foreach (var certificate in (string[])certificates)
            {
                await File.AppendAllTextAsync(bundle, (await PostQuantumParts.RunOpenSslAsync(room.Files, null, "x509", "-in", certificate)).MustSucceed().Text);
            }
        }

        return await PostQuantumParts.RunOpenSslAsync(room.Files, null, ["verify", "-x509_strict", "-CAfile", bundles[0], .. between.Length == 0 ? Array.Empty<string>() : ["-untrusted", bundles[1]], bundles[2]]);
    }

    private static async Task AddLatticeTokenAsync(CeremonyRoom room) => await File.AppendAllTextAsync(Path.Combine(room.Home, "agentpki.yaml"), $"""
          - kind: nss    # has ML-DSA
            module: {await PostQuantumParts.LatticeModuleAsync()}
            label: NSS Certificate DB
            pinFile: secrets/pin-nss

        """);
}
