using AgentPki.Authority.Profiles;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.Server.Up;
using Xunit;

namespace AgentPki.Server.Tests.Up;

public sealed class HomeKindTests
{
    [Theory]
    [InlineData("ecdsa-p256", "ecdsa-p256", "ecdsa-p384", false)]
    [InlineData("ml-dsa-65", "ml-dsa-65", "ml-dsa-87", true)]
    [InlineData("composite", "mldsa65-ecdsa-p256", "mldsa87-ecdsa-p384", true)]
    [InlineData("slh-dsa", "slh-dsa-sha2-128s", "slh-dsa-sha2-128s", false)]
    [InlineData("catalyst", "catalyst ecdsa-p256 + ml-dsa-65", "catalyst ecdsa-p384 + ml-dsa-87", true)]
    [InlineData("catalyst ecdsa-p256 + ecdsa-p384", "catalyst ecdsa-p256 + ecdsa-p384", "catalyst ecdsa-p256 + ecdsa-p384", false)]
    public void Parse_Name_GivesIssuingCaRootAndToken(string name, string issuing, string root, bool token)
    {
        var kind = HomeKind.Parse(name);

        Assert.Equal((issuing, issuing, root, token), (kind.Name, kind.Issuing.ToString(), kind.Root.ToString(), kind.WantsLatticeToken));
    }

    [Theory]
    [InlineData("ml-kem-768")]
    [InlineData("rsa-2048")]
    [InlineData("ml-dsa-66")]
    [InlineData("catalyst ecdsa-p256 + rsa-2048")]
    public void Parse_WhatNoCaCanHave_IsRefusedWithAList(string name)
    {
        var refused = Assert.Throws<CommandException>(() => HomeKind.Parse(name));

        Assert.Equal(ExitCodes.Usage, refused.ExitCode);
        Assert.Contains("ml-dsa-65", refused.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ml-dsa-65", "use: tls-server", "ml-dsa-65")]
    [InlineData("composite", "use: tls-server", null)]
    [InlineData("composite", "use: ocsp-responder", "mldsa65-ecdsa-p256")]
    [InlineData("slh-dsa", "use: cms-signer", "slh-dsa-sha2-128s")]
    [InlineData("composite", "use: cms-signer", "mldsa65-ecdsa-p256")]
    [InlineData("catalyst", "use: cms-signer", null)]
    [InlineData("rsa-3072", "use: cms-signer", null)]
    [InlineData("catalyst", "use: tls-server", null)]
    [InlineData("catalyst", "use: ocsp-responder", "ecdsa-p256")]
    [InlineData("ml-dsa-65", "use: jwt-svid", null)]
    [InlineData("catalyst", "default: true", "catalyst ecdsa-p256 + ml-dsa-65")]
    public void PreferredIn_Profile_IsTheKindWhereThatUseHasIt(string name, string profile, string? preferred) =>
        Assert.Equal(preferred, HomeKind.Parse(name).PreferredIn(profile));

    /// <summary>What <c>up --profile</c> writes for any kind of CA is what <c>serve</c> takes.</summary>
    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("rsa-3072")]
    [InlineData("ml-dsa-65")]
    [InlineData("slh-dsa")]
    [InlineData("composite")]
    [InlineData("catalyst")]
    public void PreferredIn_EveryDefaultProfile_MakesProfilesThatAreRead(string name)
    {
        using var folder = new TemporaryFolder();
        var home = new ApplianceHome(folder.Path);
        Directory.CreateDirectory(home.Profiles);

        ProfileFiles.WriteDefaults(home, HomeKind.Parse(name).PreferredIn);

        Assert.Equal(ProfileCatalog.DefaultTexts().Count, ProfileFiles.Load(home).All.Length);
    }
}
