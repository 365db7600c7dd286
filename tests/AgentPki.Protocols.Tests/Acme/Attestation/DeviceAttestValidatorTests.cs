using System.Buffers.Text;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

public sealed class DeviceAttestValidatorTests : IDisposable
{
    private readonly AttestationRoot _root = new("Android Root");
    private readonly AndroidDevice _device = new();

    [Fact]
    public void Validators_NothingConfigured_NotOffered() => Assert.Empty(DeviceAttestation.Validators(new DeviceAttestationOptions(), new CryptoProviders(new PlatformProvider()), TimeProvider.System));

    [Theory]
    [InlineData("permanent-identifier", "R58M1234", true)]
    [InlineData("spiffe", "spiffe://agents.test/agent/device/R58M1234", true)]
    [InlineData("spiffe", "spiffe://agents.test/agent/device/R58M1234/x", false)]
    [InlineData("spiffe", "spiffe://agents.test/agent/other", false)]
    [InlineData("dns", "device.test", false)]
    public void Handles_ByTypeAndRule(string type, string value, bool handled) =>
        Assert.Equal(handled, Attested.Validator(Options(new DeviceRule("*", "/agent/device/{device}"))).Handles(AcmeIdentifier.Parse(type, value), false));

    [Fact]
    public void Handles_SpiffeWithoutRules_NotOffered() => Assert.False(Attested.Validator(Options()).Handles(AcmeIdentifier.Parse("spiffe", "spiffe://agents.test/agent/device/R58M1234"), false));

    [Theory]
    [InlineData("spiffe://agents.test/agent/phone/R58M1234", true)]
    [InlineData("spiffe://agents.test/agent/phone/R58M9999", false)]
    [InlineData("spiffe://agents.test/agent/device/R58M1234", false)] // the second rule: the first decides
    public async Task ValidateAsync_SpiffeId_FirstRuleThatKnowsTheDeviceDecides(string ordered, bool valid)
    {
        var options = Options(new DeviceRule("R58M*", "/agent/phone/{device}"), new DeviceRule("*", "/agent/device/{device}"));
        var result = await Attested.AskAsync(options, "android-key", _device.Attest(_root, Challenge.KeyAuthorization), ordered, "spiffe");
        if (valid)
        {
            Challenge.AssertValid(result);
        }
        else
        {
            Attested.AssertRefused(result, "rules do not let be", ordered);
        }
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public async Task ValidateAsync_DeviceNameThatIsNoPathSegment_MapsToNothing(string serial)
    {
        _device.Serial = serial;
        var options = Options(new DeviceRule("**", "/agent/device/{device}"));
        Attested.AssertRefused(await Attested.AskAsync(options, "android-key", _device.Attest(_root, Challenge.KeyAuthorization), "spiffe://agents.test/agent/device/a", "spiffe"));
    }

    [Theory]
    [InlineData("", "/x", "names no device")]
    [InlineData("*", "agent/{device}", "no SPIFFE path")]
    [InlineData("*", "/agent/../{device}", "no SPIFFE path")]
    [InlineData("*", "/agent/one", "one agent for many devices")]
    public void Validate_WrongRule_SaysWhy(string device, string path, string because) =>
        Assert.Contains(because, Assert.Throws<ArgumentException>(() => Options(new DeviceRule(device, path)).Validate()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{}", "no \"attObj\"")]
    [InlineData("{\"attObj\":7}", "attObj")]
    [InlineData("{\"attObj\":\"!\"}", "base64url")]
    [InlineData("{\"attObj\":\"oA==\"}", "base64url without padding")]
    [InlineData("{\"attObj\":\"o A\"}", "base64url without padding, line breaks or white space")]
    [InlineData("{\"attObj\":\"oA\\r\\n\"}", "base64url without padding, line breaks or white space")]
    [InlineData("{\"attObj\":\"oB\"}", "base64url")] // a bit that no octet has
    [InlineData("{\"attObj\":\"o\u00e4\"}", "base64url")]
    [InlineData("{\"attObj\":\"oA\"}", "lacks fmt or attStmt")]
    [InlineData("{\"attObj\":\"\"}", "not the CBOR map")]
    [InlineData("[]", "no JSON object")]
    public async Task ValidateAsync_PayloadThatIsNone_Refused(string payload, string because) => Attested.AssertRefused(await AskAsync(Encoding.UTF8.GetBytes(payload)), because);

    [Theory]
    [InlineData("a0", "lacks fmt or attStmt")]
    [InlineData("a163666d746374706d", "lacks fmt or attStmt")] // {"fmt": "tpm"}
    [InlineData("a263666d74646e6f6e656761747453746d74a0", "'none' are not taken")] // {"fmt": "none", "attStmt": {}}
    [InlineData("a263666d74646e6f6e656761747453746d74a000", "behind its end")]
    [InlineData("a363666d74646e6f6e6563666d74646e6f6e656761747453746d74a0", "not the CBOR map")] // fmt twice
    [InlineData("a263666d746b616e64726f69642d6b65796761747453746d74a163783563816161", "lacks x5c")] // x5c: ["a"]
    [InlineData("83010203", "not the CBOR map")]
    [InlineData("bf", "not the CBOR map")]
    [InlineData("a26361626301", "not the CBOR map")]
    public async Task ValidateAsync_CborThatIsNoAttestationObject_Refused(string hex, string because) => Attested.AssertRefused(await AskAsync(Attested.Payload(Convert.FromHexString(hex))), because);

    [Fact]
    public async Task ValidateAsync_EveryOctetChanged_NeverValidUnlessUnread()
    {
        // What is between fields that matter may change; nothing throws, and no change makes another device of it.
        var original = AttestationRoot.Encode("android-key", _device.Attest(_root, Challenge.KeyAuthorization));
        var validator = Attested.Validator(Options());
        for (var i = 0; i < original.Length; i += 3)
        {
            var changed = (byte[])original.Clone();
            changed[i] ^= 0x55;
            var result = await validator.ValidateAsync(Attested.Request(changed, "R58M1234"), TestContext.Current.CancellationToken);
            if (result is ValidationResult.Valid)
            {
                // authData is passed over: its name, its three octets and the name of the field.
                Assert.InRange(i, original.Length - 14, original.Length);
            }
        }
    }

    [Fact]
    public async Task ValidateAsync_TooLong_Refused() => Attested.AssertRefused(await AskAsync(Encoding.UTF8.GetBytes($"{{\"attObj\":\"{Base64Url.EncodeToString(new byte[65 * 1024])}\"}}")), "longer than 64 KiB");

    public void Dispose()
    {
        _root.Dispose();
        _device.Dispose();
    }

    private DeviceAttestationOptions Options(params DeviceRule[] rules) => new() { AndroidKey = new AndroidKeyOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] } }, Rules = rules };

    private async Task<ValidationResult> AskAsync(byte[] payload) =>
        await Attested.Validator(Options()).ValidateAsync(Attested.Request([], "R58M1234") with { Payload = payload }, TestContext.Current.CancellationToken);
}
