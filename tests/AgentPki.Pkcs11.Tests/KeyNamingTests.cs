using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

public sealed class KeyNamingTests
{
    [Fact]
    public void TokenLabel_EveryPurpose_ComesBack()
    {
        foreach (var purpose in Enum.GetValues<KeyPurpose>())
        {
            var text = KeyNaming.TokenLabel("root-2026", purpose);
            Assert.True(KeyNaming.TryParse(text, out var label, out var parsed, out _));
            Assert.Equal(("root-2026", purpose), (label, parsed));
        }

        Assert.Equal("certificate-authority/root", KeyNaming.TokenLabel("root", KeyPurpose.CertificateAuthority));
    }

    [Fact]
    public void TokenLabel_EveryBackup_ComesBack()
    {
        foreach (var backup in Enum.GetValues<KeyBackup>())
        {
            Assert.True(KeyNaming.TryParse(KeyNaming.TokenLabel("root-2026", KeyPurpose.CertificateAuthority, backup), out var label, out var purpose, out var parsed));
            Assert.Equal(("root-2026", KeyPurpose.CertificateAuthority, backup), (label, purpose, parsed));
        }

        Assert.Equal("certificate-authority+wrapped/root", KeyNaming.TokenLabel("root", KeyPurpose.CertificateAuthority, KeyBackup.Wrapped));
    }

    [Theory]
    [InlineData("certificate-authority+posted/root")]
    [InlineData("certificate-authority+none/root")]
    [InlineData("certificate-authority+wrapped+wrapped/root")]
    [InlineData("root")]
    [InlineData("/root")]
    [InlineData("somebody-elses/root")]
    [InlineData("")]
    public void TryParse_LabelOfAnotherProgram_IsNotOurs(string tokenLabel) => Assert.False(KeyNaming.TryParse(tokenLabel, out _, out _, out _));

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("with/slash")]
    [InlineData("wíth-accent")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void Validate_LabelThatATokenWouldMangle_Throws(string label) => Assert.Throws<ArgumentException>(() => KeyNaming.Validate(label));
}
