using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Validation;

/// <summary>What http-01 and tls-alpn-01, which connect to the host itself, have in common.</summary>
public sealed class HostValidatorTests
{
    public static TheoryData<string> Types => [ChallengeTypes.Http01, ChallengeTypes.TlsAlpn01];

    [Theory]
    [MemberData(nameof(Types))]
    public async Task ValidateAsync_OutsideDevelopment_ReachesNothingInside(string type)
    {
        foreach (var (kind, value, error, part) in new[]
        {
            ("ip", "127.0.0.1", AcmeErrorType.Connection, "loopback"),
            ("ip", "10.0.0.1", AcmeErrorType.Connection, "private"),
            ("ip", "169.254.169.254", AcmeErrorType.Connection, "metadata"),
            ("ip", "2001:db8::1", AcmeErrorType.Connection, "2001:db8::1 is"),
            ("dns", "inside.example", AcmeErrorType.Connection, "loopback"),
            ("dns", "a.test", AcmeErrorType.Dns, "NXDOMAIN"),
        })
        {
            Challenge.AssertInvalid(error, await AskAsync(type, kind, value, new EgressOptions()), part);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task ValidateAsync_NobodyListens_IsConnection(string type) =>
        Challenge.AssertInvalid(AcmeErrorType.Connection, await AskAsync(type, "dns", "a.test", Challenge.Development()), "127.0.0.1:1: connection refused");

    [Theory]
    [MemberData(nameof(Types))]
    public void Handles_NamesAndAddresses_NoWildcards(string type)
    {
        var validator = Challenge.Validator(type);
        Assert.True(validator.Handles(AcmeIdentifier.Parse("dns", "a.test"), wildcard: false));
        Assert.True(validator.Handles(AcmeIdentifier.Parse("ip", "192.0.2.1"), wildcard: false));
        Assert.False(validator.Handles(AcmeIdentifier.Parse("dns", "a.test"), wildcard: true));
        Assert.False(validator.Handles(AcmeIdentifier.Parse("spiffe", "spiffe://a.test/x"), wildcard: false));
        Assert.False(validator.Handles(AcmeIdentifier.Parse("permanent-identifier", "1"), wildcard: false));
    }

    private static async Task<ValidationResult> AskAsync(string type, string kind, string value, EgressOptions egress) =>
        await Challenge.Validator(type, egress, new ScriptedResolver().At("inside.example", "127.0.0.1")).ValidateAsync(Challenge.Request(kind, value), TestContext.Current.CancellationToken);
}
