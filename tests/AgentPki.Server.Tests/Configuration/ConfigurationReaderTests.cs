using Microsoft.Extensions.Logging;
using System.Net;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using Xunit;

namespace AgentPki.Server.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    private static readonly Func<string, string?> NoVariables = _ => null;

    [Fact]
    public void Read_DefaultDevelopmentConfiguration_IsValidAndSaysWhatItWrites()
    {
        var (options, problems) = Read(DefaultConfiguration.Development("Test", "agents.test", "ecdsa-p256", null, NoVariables));

        Assert.Empty(problems);
        Assert.True(options.Development);
        Assert.Equal("agents.test", options.TrustDomain);
        Assert.Equal((IPAddress.Loopback, 8443, 8080), (options.Listen.Bind, options.Listen.HttpsPort, options.Listen.HttpPort));
        Assert.Equal("http://localhost:8080", options.PublicUrl);
        Assert.Equal(0, options.Limits.RequestsPerSecond);
        Assert.False(options.Ledger.Publish);
    }

    [Fact]
    public void Development_FirstStartVariables_AreWrittenDown()
    {
        var text = DefaultConfiguration.Development("Test", "agents.test", "ecdsa-p256", null, Variables((ConfigurationReader.HttpsPortVariable, "9001"), (ConfigurationReader.BindVariable, "127.0.0.9")));

        var (options, problems) = Read(text);

        Assert.Empty(problems);
        Assert.Equal((9001, "127.0.0.9"), (options.Listen.HttpsPort, options.Listen.Bind.ToString()));
    }

    [Fact]
    public void Read_Environment_GoesBeforeFile()
    {
        var (options, problems) = ConfigurationReader.Read(
            "trustDomain: a.test\nlisten: {httpsPort: 1, httpPort: 2}\nlog: {level: error}",
            "f.yaml",
            Variables((ConfigurationReader.HttpsPortVariable, "9443"), (ConfigurationReader.HttpPortVariable, "9080"), (ConfigurationReader.LogLevelVariable, "debug")));

        Assert.Empty(problems);
        Assert.Equal((9443, 9080, LogLevel.Debug), (options.Listen.HttpsPort, options.Listen.HttpPort, options.Log.Level));
    }

    [Theory]
    [InlineData("trustDomain: a.test\nlisten:\n  httpsPort: 99999", "f.yaml:3", "listen.httpsPort", "from 0 to 65535")]
    [InlineData("trustDomain: a.test\nlisten:\n  httpsPort: eight", "f.yaml:3", "listen.httpsPort", "'eight'")]
    [InlineData("trustDomain: a.test\nlisten:\n  htpsPort: 1", "f.yaml:3", "listen.htpsPort", "is not a field here")]
    [InlineData("trustDomain: a.test\nlisten:\n  adminPort: 70000", "f.yaml:3", "listen.adminPort", "from 0 to 65535")]
    [InlineData("trustDomain: a.test\nlisten:\n  adminBind: nowhere", "f.yaml:3", "listen.adminBind", "not an IP address")]
    [InlineData("trustDomain: a.test\nlisten: {adminPort: 8443}", "f.yaml:2", "listen", "another port already")]
    [InlineData("trustDomain: a.test\ngovernance:\n  fourEyes: false", "f.yaml:3", "governance.fourEyes", "only a development home")]
    [InlineData("trustDomain: a.test\ngovernance:\n  requestLifetime: 1s", "f.yaml:3", "governance.requestLifetime", "")]
    [InlineData("trustDomain: a.test\nunknown: 1", "f.yaml:2", "unknown", "is not a field here")]
    [InlineData("trustDomain: Not A Domain", "f.yaml:1", "trustDomain", "not a SPIFFE trust domain")]
    [InlineData("name: x", "f.yaml", "trustDomain", "not a SPIFFE trust domain")]
    [InlineData("trustDomain: a.test\npublicUrl: https://pki.example", "f.yaml:2", "publicUrl", "must be an http:// URL")]
    [InlineData("trustDomain: a.test\nlisten: {httpsPort: 80, httpPort: 80}", "f.yaml:2", "listen", "both 80")]
    [InlineData("trustDomain: a.test\nlimits: {requestsPerSecond: 500, burst: 5}", "f.yaml:2", "limits", "burst (5)")]
    [InlineData("trustDomain: a.test\ntls: {renewBefore: soon}", "f.yaml:2", "tls.renewBefore", "such as 30s")]
    [InlineData("trustDomain: a.test\ndevelopment: maybe", "f.yaml:2", "development", "true or false")]
    [InlineData("trustDomain: a.test\nledger: {publish: some}", "f.yaml:2", "ledger.publish", "true or false")]
    [InlineData("trustDomain: a.test\nmetrics: some", "f.yaml:2", "metrics", "loopback, everyone, nobody")]
    [InlineData("trustDomain: a.test\nlisten: {names: ['bad name']}", "f.yaml:2", "listen.names", "neither a DNS name nor an IP address")]
    [InlineData("trustDomain: a.test\nlisten: {trustedProxies: [proxy]}", "f.yaml:2", "listen.trustedProxies", "neither an IP address nor a network")]
    [InlineData("trustDomain: a.test\ntoken: {kind: ../x}", "f.yaml:2", "token.kind", "folder in hsm-config")]
    [InlineData("trustDomain: a.test\ntokens: nss", "f.yaml:2", "tokens", "list of mappings")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: nss}, {kind: nss}]", "f.yaml:2", "tokens", "two are named 'nss'")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: softhsm}, {kind: nss, mirrorOf: sofhsm}]", "f.yaml:2", "tokens", "no first token here; there are: softhsm")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: nss, mirrorOf: nss}]", "f.yaml:2", "tokens", "no first token here")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: softhsm}, {kind: softhsm, name: spare, mirrorOf: softhsm}]", "f.yaml:2", "tokens", "are one token")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: softhsm}, {kind: nss, mirrorOf: softhsm}, {kind: nss, name: third, mirrorOf: softhsm}]", "f.yaml:2", "tokens", "two seconds (nss, third)")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: nss}]\ntoken: {kind: nss}", "f.yaml:3", "token", "into the list")]
    [InlineData("trustDomain: a.test\ntokens: [{kind: nss, sesions: 2}]", "f.yaml:2", "tokens[0].sesions", "is not a field here")]
    [InlineData("trustDomain: a.test\nacme: {attestation: {tpm: {}}}", "f.yaml", "acme.attestation.tpm.roots", "names no file")]
    [InlineData("trustDomain: a.test\nacme: {attestation: {tpm: {roots: [r.pem], pcrs: [{index: 7, values: [00]}]}}}", "f.yaml", "acme.acme", "no sha256 value")]
    [InlineData("trustDomain: a.test\nacme: {attestation: {androidKey: {roots: [r.pem], minimum: best}}}", "f.yaml:2", "acme.attestation.androidKey.minimum", "strongbox")]
    [InlineData("trustDomain: a.test\nacme: {attestation: {agents: [{device: '*', path: /one}]}}", "f.yaml", "acme.acme", "one agent for many devices")]
    [InlineData("trustDomain: a.test\nacme: {attestation: {yubikey: {}}}", "f.yaml:2", "acme.attestation.yubikey", "is not a field here")]
    [InlineData("trustDomain: a.test\nacme: {authorityTokens: {keys: [{paths: [/a]}]}}", "f.yaml", "acme.authorityTokens.keys[0].file", "names no file")]
    [InlineData("trustDomain: a.test\nacme: {authorityTokens: {keys: [{file: k.pem, paths: [a]}]}}", "f.yaml:2", "acme.authorityTokens.keys[0].paths", "globs over SPIFFE paths")]
    [InlineData("trustDomain: a.test\nacme: {authorityTokens: {url: 'http://x'}}", "f.yaml", "acme.acme", "no https URL")]
    [InlineData("trustDomain: [", "f.yaml:", "(syntax)", "")]
    [InlineData("- a\n- b", "f.yaml", "(whole file)", "mapping")]
    public void Read_OneThingWrong_NamesFileLineAndField(string text, string source, string field, string detail)
    {
        var (_, problems) = Read(text);

        Assert.Contains(problems, p => p.Source.StartsWith(source, StringComparison.Ordinal) && p.Field == field && p.Detail.Contains(detail, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_Administration_IsOffAndStrictUnlessItSaysOtherwise()
    {
        var (usual, _) = Read("trustDomain: a.test");
        Assert.Equal((null, true, TimeSpan.FromDays(3)), (usual.Listen.AdminPort, usual.Governance.FourEyes, usual.Governance.RequestLifetime));
        var (said, problems) = ConfigurationReader.Read(
            "trustDomain: a.test\ndevelopment: true\nlisten: {adminPort: 1, adminBind: 127.0.0.2}\ngovernance: {requestLifetime: 1h}", "f.yaml", Variables((ConfigurationReader.AdminPortVariable, "9444")));
        Assert.Empty(problems);
        Assert.Equal((9444, "127.0.0.2", false, TimeSpan.FromHours(1)), (said.Listen.AdminPort, said.Listen.AdminBind.ToString(), said.Governance.FourEyes, said.Governance.RequestLifetime));
    }

    [Fact]
    public void Read_OneToken_IsTheOldForm()
    {
        var (options, problems) = Read("trustDomain: a.test\ntoken: {kind: nss, module: /m.so, label: NSS Certificate DB, keyPrefix: a-}");

        Assert.Empty(problems);
        var token = Assert.Single(options.Tokens);
        Assert.Equal(("nss", "nss", "/m.so", "secrets/pin", "a-"), (token.Name, token.Kind, token.Module, token.PinFile, options.KeyPrefix));
    }

    [Fact]
    public void Read_SeveralTokens_KeepTheirOrderAndHavePinsOfTheirOwn()
    {
        var (options, problems) = Read("trustDomain: a.test\nkeyPrefix: b-\ntokens:\n  - kind: softhsm\n  - {kind: nss, name: lattice}");

        Assert.Empty(problems);
        Assert.Equal([("softhsm", "secrets/pin", "secrets/so-pin"), ("lattice", "secrets/pin-lattice", "secrets/so-pin-lattice")], options.Tokens.Select(t => (t.Name, t.PinFile, t.OfficerPinFile)));
        Assert.Equal("b-", options.KeyPrefix);
    }

    [Fact]
    public void Read_AttestationAndAuthorityTokens_AreWhatTheySay()
    {
        var (options, problems) = Read("""
            trustDomain: a.test
            acme:
              attestation:
                tpm:
                  roots: [attestation/ak.pem]
                  revoked: [00:1f]
                  pcrs: [{index: 7, values: [0000000000000000000000000000000000000000000000000000000000000000]}]
                androidKey: {roots: [attestation/android.pem], minimum: strongbox, verifiedBoot: false}
                apple: {roots: [attestation/apple.pem]}
                agents: [{device: "edge-*", path: "/agent/edge/{device}"}]
              authorityTokens:
                url: https://tokens.example/
                longest: 1h
                keys: [{file: authorities/fleet.pem, issuer: fleet, paths: [/agent/fleet/*]}]
            """);

        Assert.Empty(problems);
        var attestation = options.Acme.Attestation;
        Assert.Equal(("attestation/ak.pem", "attestation/android.pem", "attestation/apple.pem"), (attestation.TpmRoots.Single(), attestation.AndroidKeyRoots.Single(), attestation.AppleRoots.Single()));
        Assert.Equal(("00:1f", 7, "sha256"), (attestation.Options.Tpm?.Trust.Revoked.Single(), attestation.Options.Tpm?.Pcrs.Single().Index, attestation.Options.Tpm?.Pcrs.Single().Bank));
        Assert.Equal((Protocols.Acme.Attestation.AndroidKey.AndroidSecurityLevel.StrongBox, false), (attestation.Options.AndroidKey?.Minimum, attestation.Options.AndroidKey?.VerifiedBoot));
        Assert.Equal(new Protocols.Acme.Attestation.DeviceRule("edge-*", "/agent/edge/{device}"), attestation.Options.Rules.Single());
        var tokens = options.Acme.AuthorityTokens;
        Assert.Equal(("https://tokens.example/", TimeSpan.FromHours(1)), (tokens.Options.Url, tokens.Options.LongestLife));
        Assert.Equal(("authorities/fleet.pem", "fleet", "/agent/fleet/*"), (tokens.Keys.Single().File, tokens.Keys.Single().Issuer, tokens.Keys.Single().Paths.Single()));
    }

    [Theory]
    [InlineData("listen: {}", "https://localhost:8443", false)]
    [InlineData("listen: {bind: 0.0.0.0, names: [pki.example, other.example]}", "https://pki.example:8443", false)]
    [InlineData("listen: {names: [pki.example]}", "https://localhost:8443", false)]
    [InlineData("listen: {names: [pki.example], proxySocket: /run/p.sock}", "https://pki.example", false)]
    [InlineData("listen: {names: [pki.example], trustedProxies: [127.0.0.1]}", "https://pki.example", false)]
    [InlineData("acme: {baseUrl: 'https://ca.example/', node: 3}", "https://ca.example", true)]
    public void Read_AcmeAddress_IsWhatClientsReach(string yaml, string address, bool forAll)
    {
        var (options, problems) = Read("trustDomain: a.test\n" + yaml);

        Assert.Empty(problems);
        Assert.Equal((address, forAll), (options.Acme.Service.BaseUrl, options.Acme.Service.HasOneBaseUrl));
        Assert.Equal(forAll ? 3 : 0, options.Acme.Nonces.Node);
    }

    [Fact]
    public void Read_NoAttestation_NoFormatIsTaken()
    {
        var attestation = Read("trustDomain: a.test").Options.Acme.Attestation.Options;
        Assert.Equal((null, null, null), (attestation.Tpm, attestation.AndroidKey, attestation.Apple));
    }

    [Fact]
    public void Read_NoToken_IsASoftHsm() => Assert.Equal("softhsm", Assert.Single(Read("trustDomain: a.test").Options.Tokens).Kind);

    [Theory]
    [InlineData(ConfigurationReader.HttpsPortVariable, "x", "listen.httpsPort")]
    [InlineData(ConfigurationReader.HttpPortVariable, "70000", "listen.httpPort")]
    [InlineData(ConfigurationReader.BindVariable, "everywhere", "listen.bind")]
    [InlineData(ConfigurationReader.LogLevelVariable, "loud", "log.level")]
    public void Read_BadVariable_NamesTheVariable(string variable, string value, string field)
    {
        var (_, problems) = ConfigurationReader.Read("trustDomain: a.test", "f.yaml", Variables((variable, value)));

        var problem = Assert.Single(problems);
        Assert.Equal((variable, field), (problem.Source, problem.Field));
    }

    [Fact]
    public void Read_SeveralThingsWrong_ReportsAll()
    {
        var (_, problems) = Read("trustDomain: a.test\nbogus: 1\nlisten: {httpPort: -1}\ntoken: {sessions: 0}");

        Assert.Equal(["listen.httpPort", "token.sessions", "bogus"], problems.Select(p => p.Field));
    }

    private static (ApplianceOptions Options, IReadOnlyList<ConfigurationProblem> Problems) Read(string text) => ConfigurationReader.Read(text, "f.yaml", NoVariables);

    private static Func<string, string?> Variables(params (string Name, string Value)[] values) => name => values.FirstOrDefault(v => v.Name == name).Value;
}
