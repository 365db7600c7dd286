using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Authority.Tests.Profiles;

public sealed class ProfileCatalogTests
{
    [Fact]
    public void Defaults_AreReadAndComplete()
    {
        var catalog = ProfileCatalog.Defaults();
        Assert.Equal("agent", catalog.Default.Name);
        Assert.Same(catalog.Default, catalog.FindByLabel(null));
        Assert.Same(catalog.Default, catalog.FindByLabel(""));
        Assert.Equal("agent-approval", catalog.FindByLabel("agent-approval")?.Name);
        Assert.True(catalog.Find("agent-short") is { Status.NoRevocationAvailable: true } s && s.Validity <= TimeSpan.FromHours(1));
        Assert.Null(catalog.FindByLabel("tls-server"));
        Assert.All(new[] { ProfileUse.TlsServer, ProfileUse.OcspResponder, ProfileUse.CmsSigner }, use => Assert.Equal(use, catalog.Require(use).Use));
        catalog.CheckIssuers([new ProfileIssuer("root", KeyAlgorithm.EcdsaP384), new ProfileIssuer("issuing", KeyAlgorithm.EcdsaP256)]);
    }

    [Fact]
    public void Read_LabelTwice_Refuses() => Refuses(
        [("a.yaml", Profile("a", "default: true\nlabels: [x]")), ("b.yaml", Profile("b", "labels: [x]"))], "b.yaml: labels: 'x' is also in a.yaml");

    [Fact]
    public void Read_NameTwice_Refuses() => Refuses([("a.yaml", Profile("a", "default: true")), ("b.yaml", Profile("a", ""))], "b.yaml: name: 'a' is also in a.yaml");

    [Fact]
    public void Read_NoDefault_Refuses() => Refuses([("a.yaml", Profile("a", ""))], "no profile is the default");

    [Fact]
    public void Read_TwoDefaults_Refuses() => Refuses([("a.yaml", Profile("a", "default: true")), ("b.yaml", Profile("b", "default: true"))], "a.yaml is the default already");

    [Fact]
    public void CheckIssuers_IssuerIsNotThere_Refuses()
    {
        var catalog = ProfileCatalog.Read([("a.yaml", Profile("a", "default: true"))]);
        var refusal = Assert.Throws<ProfileException>(() => catalog.CheckIssuers([new ProfileIssuer("root", KeyAlgorithm.EcdsaP256)]));
        Assert.Contains("a.yaml: issuer: there is no CA 'issuing'; known: root", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckIssuers_SignatureDoesNotFit_Refuses()
    {
        var catalog = ProfileCatalog.Read([("a.yaml", Profile("a", "default: true\nsignature: rsa-pss-sha256"))]);
        var refusal = Assert.Throws<ProfileException>(() => catalog.CheckIssuers([new ProfileIssuer("issuing", KeyAlgorithm.EcdsaP256)]));
        Assert.Contains("rsa-pss-sha256 does not fit the ecdsa-p256 key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Folder_ReadsItsFiles()
    {
        var folder = Directory.CreateTempSubdirectory("agentpki-profiles");
        try
        {
            foreach (var (file, yaml) in ProfileCatalog.DefaultTexts())
            {
                File.WriteAllText(Path.Combine(folder.FullName, file), yaml);
            }

            Assert.Equal(ProfileCatalog.Defaults().All.Select(p => p.Name), ProfileCatalog.Load(folder.FullName).All.Select(p => p.Name));
        }
        finally
        {
            folder.Delete(true);
        }
    }

    internal static string Profile(string name, string more) =>
        $"""
        name: {name}
        issuer: issuing
        keys: [ecdsa-p256]
        spiffe: {"{template: '/agent/{cn}'}"}
        validity: 1h
        keyUsage: digitalSignature
        extendedKeyUsage: clientAuth
        authentication: {"{credential: true}"}
        {more}
        """;

    private static void Refuses((string, string)[] texts, string expected) =>
        Assert.Contains(expected, Assert.Throws<ProfileException>(() => ProfileCatalog.Read(texts)).Message, StringComparison.Ordinal);
}
