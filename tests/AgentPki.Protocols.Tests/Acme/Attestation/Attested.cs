using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

/// <summary>device-attest-01 asked with one statement.</summary>
internal static class Attested
{
    public static IChallengeValidator Validator(DeviceAttestationOptions options) =>
        DeviceAttestation.Validators(options, new CryptoProviders(new PlatformProvider()), TimeProvider.System).Single();

    public static ValidationRequest Request(byte[] attObj, string value, string type = "permanent-identifier") =>
        new(AcmeIdentifier.Parse(type, value), false, Challenge.Token, Challenge.KeyAuthorization, Challenge.AccountUrl, Payload(attObj));

    public static byte[] Payload(byte[] attObj) => Encoding.UTF8.GetBytes(new JsonObject { ["attObj"] = Base64Url.EncodeToString(attObj), ["other"] = 1 }.ToJsonString());

    public static async Task<ValidationResult> AskAsync(DeviceAttestationOptions options, string format, IReadOnlyDictionary<string, object?> statement, string value, string type = "permanent-identifier") =>
        await Validator(options).ValidateAsync(Request(AttestationRoot.Encode(format, statement), value, type), TestContext.Current.CancellationToken);

    public static void AssertRefused(ValidationResult result, params string[] parts) => Challenge.AssertInvalid(AcmeErrorType.BadAttestationStatement, result, parts);
}
