using System.Text;
using AgentPki.Authority.OAuth;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Authority.Tests.OAuth;

/// <summary>What comes to the token endpoint before anybody is known.</summary>
public sealed class ClientAssertionFuzzTests
{
    private const string Claims = """{"iss":"spiffe://a.test/a","sub":"spiffe://a.test/a","aud":["https://pki.test"],"jti":"1","exp":1900000000,"nbf":1899999999.5,"iat":1899999999}""";

    // The claims are what is mutated: a JWS that was touched elsewhere is refused before they are looked at.
    private static readonly SeededFuzz Parser = new(() => Encoding.UTF8.GetBytes(Claims), claims => ClientAssertion.TryParse(Signed(claims), out _, out _), FuzzWords.Text);

    [Fact]
    public void Parse_Sample_IsTaken() => Parser.TakesSample();

    [Fact]
    public void Parse_Mutated_TakesOrRefuses() => Parser.Mutated(1, 2000);

    [Fact]
    public void Parse_EveryTruncation_TakesOrRefuses() => Parser.Truncated();

    [Fact]
    [Trait("tier", "full")]
    public void Parse_MutatedManyTimes_TakesOrRefuses() => Parser.Mutated(100, 100_000);

    private static string Signed(byte[] claims) => $"{JwsMaker.Base64("""{"alg":"ES256","x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")}.{JwsMaker.Base64(claims)}.AAAA";
}
