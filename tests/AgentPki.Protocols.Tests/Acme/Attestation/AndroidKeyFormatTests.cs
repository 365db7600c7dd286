using System.Security.Cryptography;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

public sealed class AndroidKeyFormatTests : IDisposable
{
    private readonly AttestationRoot _root = new("Android Root");
    private readonly AndroidDevice _device = new();

    private DeviceAttestationOptions Options => new() { AndroidKey = new AndroidKeyOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] } } };

    [Fact]
    public async Task ValidateAsync_GoodChain_ValidForTheAttestedKeyAlone()
    {
        var result = await AskAsync();
        Challenge.AssertValid(result);
        var key = Convert.ToHexStringLower(SHA256.HashData(_device.Key.ExportSubjectPublicKeyInfo()));
        Assert.Equal(key, Assert.IsType<ValidationResult.Valid>(result).Facts[AcmeFacts.KeySha256]);
    }

    [Fact]
    public async Task ValidateAsync_ChainOfAnotherRoot_Refused()
    {
        using var foreign = new AttestationRoot("Android Root");
        Attested.AssertRefused(await Attested.AskAsync(Options, "android-key", _device.Attest(foreign, Challenge.KeyAuthorization), "R58M1234"), "no configured attestation root");
    }

    [Fact]
    public async Task ValidateAsync_AttestationOfAnotherChallenge_Refused()
    {
        var statement = _device.Attest(_root, Challenge.KeyAuthorization + "x");
        Attested.AssertRefused(await Attested.AskAsync(Options, "android-key", statement, "R58M1234"), "sig is not a signature");
        statement["sig"] = _device.Attest(_root, Challenge.KeyAuthorization)["sig"];
        Attested.AssertRefused(await Attested.AskAsync(Options, "android-key", statement, "R58M1234"), "attestationChallenge");
    }

    [Fact]
    public async Task ValidateAsync_AnotherDevice_RefusedAndNamed() => Attested.AssertRefused(await AskAsync(value: "R58M9999"), "'R58M1234'", "'R58M9999'");

    [Theory]
    [InlineData("software", "TrustedEnvironment and better")]
    [InlineData("attested by software", "TrustedEnvironment and better")]
    [InlineData("imported", "GENERATED")]
    [InlineData("decrypts", "SIGN")]
    [InlineData("all applications", "allApplications")]
    [InlineData("unlocked", "rootOfTrust")]
    [InlineData("self-signed system", "rootOfTrust")]
    [InlineData("serial by software", "names no device")]
    [InlineData("no serial", "names no device")]
    [InlineData("not described", "no key description")]
    [InlineData("expired", "expired")]
    public async Task ValidateAsync_SomethingWrongWithTheDevice_Refused(string what, string because)
    {
        switch (what)
        {
            case "software": _device.KeyLevel = 0; break;
            case "attested by software": _device.AttestationLevel = 0; break;
            case "imported": _device.Origin = 2; break;
            case "decrypts": _device.Purpose = 1; break;
            case "all applications": _device.AllApplications = true; break;
            case "unlocked": _device.Locked = false; break;
            case "self-signed system": _device.BootState = 1; break;
            case "serial by software": _device.SerialBySoftware = true; break;
            case "no serial": _device.Serial = null; break;
            case "not described": _device.Described = false; break;
            case "expired": _device.Until = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero); break;
        }

        Attested.AssertRefused(await AskAsync(), because);
    }

    [Fact]
    public async Task ValidateAsync_OptionsThatAllowIt_ValidAndNotBeyond()
    {
        (_device.KeyLevel, _device.AttestationLevel, _device.Locked, _device.SerialBySoftware) = (0, 0, false, true);
        var options = Options with { AndroidKey = new AndroidKeyOptions { Trust = Options.AndroidKey!.Trust, Minimum = AndroidSecurityLevel.Software, VerifiedBoot = false } };
        Challenge.AssertValid(await AskAsync(options));
        var strong = Options with { AndroidKey = Options.AndroidKey with { Minimum = AndroidSecurityLevel.StrongBox } };
        (_device.KeyLevel, _device.AttestationLevel, _device.Locked, _device.SerialBySoftware) = (1, 2, true, false);
        Attested.AssertRefused(await AskAsync(strong), "StrongBox and better");
    }

    [Fact]
    public async Task ValidateAsync_RevokedSerial_Refused()
    {
        // The harness gives its first certificate the number 16.
        var options = Options with { AndroidKey = Options.AndroidKey! with { Trust = Options.AndroidKey.Trust with { Revoked = ["00:10"] } } };
        Attested.AssertRefused(await AskAsync(options), "revoked");
    }

    [Theory]
    [InlineData("x5c")]
    [InlineData("sig")]
    [InlineData("alg")]
    public async Task ValidateAsync_FieldMissing_RefusedAndNamed(string field)
    {
        var statement = _device.Attest(_root, Challenge.KeyAuthorization);
        statement.Remove(field);
        Attested.AssertRefused(await Attested.AskAsync(Options, "android-key", statement, "R58M1234"), $"lacks {field}");
    }

    public void Dispose()
    {
        _root.Dispose();
        _device.Dispose();
    }

    private Task<ValidationResult> AskAsync(DeviceAttestationOptions? options = null, string value = "R58M1234") =>
        Attested.AskAsync(options ?? Options, "android-key", _device.Attest(_root, Challenge.KeyAuthorization), value);
}
