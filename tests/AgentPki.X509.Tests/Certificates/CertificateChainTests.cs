using System.Net;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Certificates;

public sealed class CertificateChainTests
{
    private static readonly ChainOptions Options = new(TestPki.Now, Oids.ClientAuth);

    [Fact]
    public void Validate_GoodPath_IsValid()
    {
        var valid = Assert.IsType<ChainResult.Valid>(Validate(TestPki.Agent));

        Assert.Equal([TestPki.Agent, TestPki.Issuing, TestPki.Root], valid.Path);
    }

    [Fact]
    public void Validate_CertificateWithoutEnd_IsValid()
    {
        // RFC 5280 §4.1.2.5: 99991231235959Z says that there is none; makers of devices write it.
        var endless = TestPki.Issue(TestPki.AgentTbs() with { NotAfter = new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero) }, TestPki.IssuingKey);
        Assert.IsType<ChainResult.Valid>(Validate(endless));
    }

    [Fact]
    public void Validate_IssuingAsAnchor_IsValid() =>
        Assert.IsType<ChainResult.Valid>(CertificateChain.Validate(TestPki.Agent, [], [TestPki.Issuing], Options, TestPki.Providers));

    public static TheoryData<ChainFailure, string> Failures => new()
    {
        { ChainFailure.UnknownIssuer, "missing intermediate" }, { ChainFailure.BadSignature, "signed by another key" }, { ChainFailure.NotYetValid, "early" }, { ChainFailure.Expired, "late" },
        { ChainFailure.NotAnAuthority, "issued by an agent" }, { ChainFailure.NotAnAuthority, "issuer without keyCertSign" }, { ChainFailure.PathTooLong, "below a path length of 0" },
        { ChainFailure.WrongPurpose, "server purpose" }, { ChainFailure.WrongPurpose, "no purpose" }, { ChainFailure.NameNotPermitted, "outside the name constraints" },
        { ChainFailure.UnknownCriticalExtension, "unknown critical extension" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Validate_BrokenPath_SaysHow(ChainFailure expected, string how)
    {
        var tbs = TestPki.AgentTbs();
        var result = how switch
        {
            "missing intermediate" => CertificateChain.Validate(TestPki.Agent, [], [TestPki.Root], Options, TestPki.Providers),
            "signed by another key" => Validate(TestPki.Issue(tbs, TestPki.AgentKey)),
            "early" => Validate(TestPki.Agent, Options with { Time = TestPki.Agent.NotBefore.AddSeconds(-1) }),
            "late" => Validate(TestPki.Agent, Options with { Time = TestPki.Agent.NotAfter.AddSeconds(1) }),
            "issued by an agent" => Validate(
                TestPki.Issue(tbs with { Issuer = TestPki.Agent.Subject, Subject = X500Name.Create((Oids.CommonName, "child")), Extensions = tbs.Extensions.Without(Oids.AuthorityKeyIdentifier) }, TestPki.AgentKey),
                null, AgentOfRoot()),
            "issuer without keyCertSign" => Validate(TestPki.Agent, null, Issuing(X509Extension.KeyUsage(KeyUsages.CrlSign))),
            "below a path length of 0" => BelowPathLength(),
            "server purpose" => Validate(TestPki.Agent, Options with { KeyPurpose = Oids.ServerAuth }),
            "no purpose" => Validate(TestPki.Issue(tbs with { Extensions = tbs.Extensions.Without(Oids.ExtendedKeyUsage) }, TestPki.IssuingKey)),
            "outside the name constraints" => Validate(TestPki.Agent, null, Issuing(X509Extension.NameConstraints([new NameSubtree.UriHost("other.example")]))),
            _ => Validate(TestPki.Issue(tbs with { Extensions = [.. tbs.Extensions, new X509Extension("1.2.3.4", true, new byte[] { 5, 0 })] }, TestPki.IssuingKey)),
        };

        var invalid = Assert.IsType<ChainResult.Invalid>(result);
        Assert.Equal(expected, invalid.Failure);
        Assert.NotEmpty(invalid.Detail);
    }

    [Fact]
    public void Validate_ManyIntermediatesOfOneName_EndsAfterABoundedNumberOfSignatureChecks()
    {
        var counting = new CountingProvider();
        var impostors = Enumerable.Range(0, 60).Select(i => TestPki.Issue(
            TestPki.IssuingTbs() with { SerialNumber = TestPki.Serial(500 + i), PublicKey = TestPki.AgentKey.PublicKey, Extensions = TestPki.IssuingTbs().Extensions.Without(Oids.SubjectKeyIdentifier) },
            TestPki.AgentKey));

        Assert.IsType<ChainResult.Invalid>(CertificateChain.Validate(TestPki.Agent, impostors, [TestPki.Root], Options, new CryptoProviders(counting)));
        Assert.InRange(counting.Checks, 1, 16);
    }

    public static TheoryData<string, GeneralName, bool> ConstrainedNames => new()
    {
        { "dns:example", new GeneralName.Dns("a.example"), true }, { "dns:example", new GeneralName.Dns("EXAMPLE"), true }, { "dns:example", new GeneralName.Dns("badexample"), false },
        { "dns:", new GeneralName.Dns("anything.org"), true }, { "dns:example", new GeneralName.Dns("example.org"), false },
        { "uri:agents.example", new GeneralName.Uri("spiffe://agents.example/a"), true }, { "uri:agents.example", new GeneralName.Uri("spiffe://x.agents.example/a"), false },
        { "uri:.example", new GeneralName.Uri("https://user@a.example:8443/x"), true }, { "uri:.example", new GeneralName.Uri("https://example/x"), false },
        { "uri:agents.example", new GeneralName.Uri("urn:uuid:1"), false }, { "uri:agents.example", new GeneralName.Uri("https://10.0.0.1/"), false },
        { "uri:agents.example", new GeneralName.Uri("https://evil/@agents.example"), false },
        { "mail:example.org", new GeneralName.Rfc822("a@example.org"), true }, { "mail:example.org", new GeneralName.Rfc822("a@x.example.org"), false },
        { "mail:.example.org", new GeneralName.Rfc822("a@x.example.org"), true }, { "mail:a@example.org", new GeneralName.Rfc822("b@example.org"), false },
        { "ip:10.0.0.0/255.0.0.0", new GeneralName.Ip(IPAddress.Parse("10.9.8.7")), true }, { "ip:10.0.0.0/255.0.0.0", new GeneralName.Ip(IPAddress.Parse("11.0.0.1")), false },
        { "ip:10.0.0.0/255.0.0.0", new GeneralName.Ip(IPAddress.IPv6Loopback), false },
        { "dir:O=Example", new GeneralName.Directory(X500Name.FromRfc4514("CN=a,O=example")), true }, { "dir:O=Example", new GeneralName.Directory(X500Name.FromRfc4514("CN=a,O=Other")), false },
    };

    [Theory]
    [MemberData(nameof(ConstrainedNames))]
    public void NameConstraints_PermittedAndExcluded_AreOpposites(string subtree, GeneralName name, bool within)
    {
        var (kind, value) = (subtree.Split(':', 2)[0], subtree.Split(':', 2)[1]);
        NameSubtree constraint = kind switch
        {
            "dns" => new NameSubtree.Dns(value),
            "uri" => new NameSubtree.UriHost(value),
            "mail" => new NameSubtree.Rfc822(value),
            "ip" => new NameSubtree.IpRange(IPAddress.Parse(value.Split('/')[0]), IPAddress.Parse(value.Split('/')[1])),
            _ => new NameSubtree.Directory(X500Name.FromRfc4514(value)),
        };
        var undecidable = name is GeneralName.Uri { Value: "urn:uuid:1" or "https://10.0.0.1/" };

        Assert.Equal(within, NameConstraintCheck.FindViolation(X500Name.Empty, [name], new NameConstraints([constraint], [])) is null);
        // What cannot be decided is a violation either way.
        Assert.Equal(within || undecidable, NameConstraintCheck.FindViolation(X500Name.Empty, [name], new NameConstraints([], [constraint])) is not null);
        Assert.Equal([constraint], NameConstraints.Parse(new NameConstraints([constraint], []).ToExtension().Value).Permitted);
    }

    private static ChainResult Validate(Certificate certificate, ChainOptions? options = null, params Certificate[] intermediates) =>
        CertificateChain.Validate(certificate, intermediates.Length == 0 ? [TestPki.Issuing] : intermediates, [TestPki.Root], options ?? Options, TestPki.Providers);

    private static Certificate Issuing(X509Extension extension) =>
        TestPki.Issue(TestPki.IssuingTbs() with { Extensions = TestPki.IssuingTbs().Extensions.With(extension) }, TestPki.RootKey);

    private static Certificate AgentOfRoot() => TestPki.Issue(
        TestPki.AgentTbs() with { Issuer = TestPki.RootName, Signature = SignatureAlgorithm.EcdsaSha384, Extensions = TestPki.AgentTbs().Extensions.Without(Oids.AuthorityKeyIdentifier) }, TestPki.RootKey);

    private static ChainResult BelowPathLength()
    {
        var key = TestPki.Key(KeyAlgorithm.EcdsaP256, "below");
        var name = X500Name.Create((Oids.CommonName, "below"));
        var below = TestPki.Issue(
            TestPki.IssuingTbs() with
            {
                Issuer = TestPki.IssuingName, Subject = name, PublicKey = key.PublicKey, Signature = SignatureAlgorithm.EcdsaSha256,
                Extensions = [X509Extension.BasicConstraints(true), X509Extension.KeyUsage(KeyUsages.KeyCertSign)],
            },
            TestPki.IssuingKey);
        var leaf = TestPki.Issue(TestPki.AgentTbs() with { Issuer = name, Extensions = TestPki.AgentTbs().Extensions.Without(Oids.AuthorityKeyIdentifier) }, key);
        return Validate(leaf, null, below, TestPki.Issuing);
    }

    private sealed class CountingProvider : ICryptoProvider
    {
        public int Checks { get; private set; }

        public string Name => "counting";

        public KeyProtection Protection => KeyProtection.Software;

        public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => KeyCapabilities.Verify;

        public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) => throw new NotSupportedException();

        public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
        {
            Checks++;
            return false;
        }
    }
}
