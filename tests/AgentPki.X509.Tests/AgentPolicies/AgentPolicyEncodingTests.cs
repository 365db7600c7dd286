using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Der;
using CsCheck;
using Xunit;

namespace AgentPki.X509.Tests.AgentPolicies;

public sealed class AgentPolicyEncodingTests
{
    [Fact]
    public void Parse_AnyEncoded_IsTheSame() => Gen.ULong.Sample(
        seed =>
        {
            var policy = new PolicyDraw(seed).Policy();
            return AgentPolicyDer.Parse(policy.Encode()) == policy;
        },
        iter: 1_500);

    [Fact]
    public void Parse_AnyJson_IsTheSame() => Gen.ULong.Sample(
        seed =>
        {
            var policy = new PolicyDraw(seed).Policy();
            return AgentPolicyJson.Parse(policy.ToJson()) == policy;
        },
        iter: 1_500);

    [Fact]
    public void Parse_AnyOctetChanged_IsRefusedOrAnotherPolicy() => Gen.ULong.Sample(
        seed =>
        {
            var draw = new PolicyDraw(seed);
            var policy = draw.Policy();
            var der = policy.Encode();
            der[draw.Below(der.Length)] ^= (byte)(1 + draw.Below(255));
            try
            {
                var read = AgentPolicyDer.Parse(der);
                return read != policy && read.Encode().AsSpan().SequenceEqual(der);
            }
            catch (MalformedDataException)
            {
                return true;
            }
        },
        iter: 2_000);

    [Fact]
    public void Encode_Nothing_IsTwoFields() => Assert.Equal("3005020101" + "3000", Convert.ToHexString(AgentPolicy.Nothing.Encode()));

    [Fact]
    public void Parse_ScopesOutOfOrder_IsRefused()
    {
        var refused = Assert.Throws<MalformedDataException>(() => AgentPolicyDer.Parse(WithScopes(("b", "x"), ("a", "x"))));
        Assert.Contains("one encoding", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a:x b:x", AgentPolicyDer.Parse(WithScopes(("a", "x"), ("b", "x"))).Scopes.ToString());
    }

    [Fact]
    public void Parse_ScopeWithinAnother_IsRefused() => Assert.Throws<MalformedDataException>(() => AgentPolicyDer.Parse(WithScopes(("a", "*"), ("a", "x"))));

    [Fact]
    public void Parse_MoreScopesThanFit_IsRefused() =>
        Assert.Contains("more than 64", Assert.Throws<MalformedDataException>(() => AgentPolicyDer.Parse(WithScopes([.. Enumerable.Range(0, 65).Select(i => ("a", $"x{i:00}"))]))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"scopes":["a:b"],"scope":["**:**"]}""", "scope: a policy has no such member")]
    [InlineData("""{"scopes":["a:b"],"scopes":["**:**"]}""", "not JSON")]
    [InlineData("""{"scopes":"a:b"}""", "scopes: a list of texts is needed")]
    [InlineData("""{"scopes":["a"]}""", "scopes: a scope is written action:resource")]
    [InlineData("""{"scopes":["a:b/**/c"]}""", "'**' may stand at the end only")]
    [InlineData("""{"scopes":["a:b*c"]}""", "a segment may end in '*'")]
    [InlineData("""{"scopes":["a:*b"]}""", "a segment may end in '*'")]
    [InlineData("""{"networks":["10.0.0.1/8"]}""", "networks: a network's bits beyond its prefix are zero")]
    [InlineData("""{"networks":["::ffff:10.0.0.0/104"]}""", "networks: write an IPv4 network as such")]
    [InlineData("""{"networks":["fe80::1%eth0/128"]}""", "networks: a network is written")]
    [InlineData("""{"weekly":["mon 18:00-08:00"]}""", "weekly: a weekly window is written")]
    [InlineData("""{"delegation_depth":17}""", "between 0 and 16")]
    [InlineData("""{"delegation_depth":"1"}""", "delegation_depth: a whole number is needed")]
    [InlineData("""{"not_before":"2026-01-02T00:00:00Z","not_after":"2026-01-01T00:00:00Z"}""", "not_after lies before not_before")]
    [InlineData("""{"not_after":"2026-01-01T00:00:00+02:00"}""", "not_after: a time is written")]
    [InlineData("""{"budget":{"usd":-1}}""", "budget: the budget of usd is not between")]
    [InlineData("""{"budget":{"usd":1.5}}""", "budget: ")]
    [InlineData("""{"maximum_lifetime":0}""", "maximum_lifetime: whole seconds")]
    [InlineData("""{"parent":{"agent":"spiffe://x/a"}}""", "parent: agent and grant are needed")]
    [InlineData("""{"parent":{"agent":"spiffe://x/a","grant":"AAAA"}}""", "32 octets")]
    [InlineData("[]", "a policy is an object")]
    public void TryParse_Json_IsRefusedWithTheMember(string json, string says)
    {
        Assert.False(AgentPolicyJson.TryParse(json, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_OvernightAndHalves_AreMergedAndReadBack()
    {
        var policy = AgentPolicyJson.Parse("""{"weekly":["sun 22:00-mon 06:00","mon 05:00-07:30","daily 12:00-13:00"],"networks":["10.0.0.0/9","10.128.0.0/9","10.3.0.0/16"],"scopes":["a:b","a:*"]}""");
        Assert.Equal("mon 00:00-07:30", policy.Weekly!.ToTexts().First());
        Assert.Equal("sun 22:00-24:00", policy.Weekly.ToTexts().Last());
        Assert.Equal("10.0.0.0/8", policy.Networks!.ToString());
        Assert.Equal("a:*", policy.Scopes.ToString());
    }

    private static byte[] WithScopes(params (string Actions, string Resources)[] scopes)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.WriteInteger(1);
            using var list = writer.Sequence();
            foreach (var (actions, resources) in scopes)
            {
                using var one = writer.Sequence();
                writer.WriteString(DerTag.Ia5String, actions);
                writer.WriteString(DerTag.Ia5String, resources);
            }
        }

        return writer.ToArray();
    }
}
