using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>One challenge of the tests, and validators that meet it.</summary>
internal static class Challenge
{
    public const string Token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

    public const string KeyAuthorization = Token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

    public const string AccountUrl = "https://pki.test/acme/account/1";

    public const string Path = "/.well-known/acme-challenge/" + Token;

    public static ValidationRequest Request(string type, string value, bool wildcard = false) =>
        new(AcmeIdentifier.Parse(type, value), wildcard, Token, KeyAuthorization, AccountUrl, "{}"u8.ToArray());

    public static IChallengeValidator Validator(string type, EgressOptions? egress = null, IDnsResolver? resolver = null, TimeProvider? time = null) =>
        Validation(egress, resolver, time).Validators.Single(v => v.Type == type);

    public static AcmeValidation Validation(EgressOptions? egress = null, IDnsResolver? resolver = null, TimeProvider? time = null, params string[] caaIdentities) => new(
        new AcmeValidationOptions { Egress = egress ?? new EgressOptions(), CaaIdentities = caaIdentities },
        new CryptoProviders(new PlatformProvider()),
        time ?? TimeProvider.System,
        resolver ?? new ScriptedResolver());

    /// <summary>Development: names under .test are this machine.</summary>
    public static EgressOptions Development(int http01Port = 1, int tlsAlpnPort = 1) => new() { Development = new DevelopmentTargets { Http01Port = http01Port, TlsAlpnPort = tlsAlpnPort } };

    /// <summary>Refused with this error, and the detail says these things; returns it.</summary>
    public static string AssertInvalid(AcmeErrorType error, ValidationResult result, params string[] parts)
    {
        var invalid = Assert.IsType<ValidationResult.Invalid>(result);
        Assert.True(error == invalid.Error, $"{invalid.Error}: {invalid.Detail}");
        Assert.All(parts, part => Assert.True(invalid.Detail.Contains(part, StringComparison.Ordinal), $"no '{part}' in: {invalid.Detail}"));
        Assert.EndsWith(".", invalid.Detail);
        Assert.InRange(invalid.Detail.Length, 1, 1000);
        Assert.DoesNotContain(invalid.Detail, c => char.IsControl(c));
        return invalid.Detail;
    }

    public static string AssertValid(ValidationResult result)
    {
        if (result is ValidationResult.Invalid invalid)
        {
            Assert.Fail($"{invalid.Error}: {invalid.Detail}");
        }

        return Assert.IsType<ValidationResult.Valid>(result).Evidence;
    }
}
