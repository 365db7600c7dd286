using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.Apple;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

public sealed class AppleFormatTests : IDisposable
{
    private readonly AttestationRoot _root = new("Apple Enterprise Attestation Root CA");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    [Theory]
    [InlineData("C02XK0AAJGH5")]
    [InlineData("00008101-000A1234AB12001E")]
    public async Task ValidateAsync_SerialNumberOrUdid_Valid(string value) => Challenge.AssertValid(await AskAsync(Challenge.Token, value));

    [Fact]
    public async Task ValidateAsync_AnotherFreshnessCodeOrDevice_Refused()
    {
        Attested.AssertRefused(await AskAsync(Challenge.KeyAuthorization, "C02XK0AAJGH5"), "freshness code");
        Attested.AssertRefused(await AskAsync(null, "C02XK0AAJGH5"), "freshness code");
        Attested.AssertRefused(await AskAsync(Challenge.Token, "C02XK0AAJGH6"), "'C02XK0AAJGH5'");
        Attested.AssertRefused(await AskAsync(Challenge.Token, "C02XK0AAJGH5", named: false), "neither serial number nor UDID");
    }

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
    }

    private Task<ValidationResult> AskAsync(string? fresh, string value, bool named = true)
    {
        var extensions = new List<X509Extension>();
        if (fresh is not null)
        {
            extensions.Add(new X509Extension(AppleFormat.FreshnessCode, SHA256.HashData(Encoding.ASCII.GetBytes(fresh)), false));
        }

        if (named)
        {
            extensions.Add(new X509Extension(AppleFormat.SerialNumber, "C02XK0AAJGH5"u8.ToArray(), false));
            extensions.Add(new X509Extension(AppleFormat.DeviceIdentifier, "00008101-000A1234AB12001E"u8.ToArray(), false));
        }

        var statement = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x5c"] = new[] { _root.Issue(new PublicKey(_key), "CN=device", null, [.. extensions]) } };
        return Attested.AskAsync(new DeviceAttestationOptions { Apple = new AppleOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] } } }, "apple", statement, value);
    }
}
