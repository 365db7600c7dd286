using System.Net;
using AgentPki.Authority.Acme.Validation;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Acme.Validation;

public sealed class AcmeIdentifierTests
{
    [Theory]
    [InlineData("dns", "example.test", "example.test")]
    [InlineData("dns", "WWW.Example.TEST", "www.example.test")]
    [InlineData("dns", "*.example.test", "*.example.test")]
    [InlineData("dns", "xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("dns", "XN--BCHER-KVA.example", "xn--bcher-kva.example")]
    [InlineData("dns", "localhost", "localhost")]
    [InlineData("dns", "r3---sn-4g5e6n.example", "r3---sn-4g5e6n.example")]
    [InlineData("ip", "192.0.2.1", "192.0.2.1")]
    [InlineData("ip", "2001:db8::1", "2001:db8::1")]
    [InlineData("ip", "2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("ip", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("spiffe", "spiffe://agents.test/Agent/7", "spiffe://agents.test/Agent/7")]
    [InlineData("permanent-identifier", "SN 0042 ä", "SN 0042 ä")]
    public void TryParse_ValidIdentifier_HasNormalForm(string type, string value, string normal)
    {
        Assert.True(AcmeIdentifier.TryParse(type, value, out var identifier, out _, out var detail), detail);
        Assert.Equal((type, normal), (identifier.Type, identifier.Value));
        Assert.Equal(identifier, AcmeIdentifier.Parse(type, identifier.Value));
    }

    [Theory]
    [InlineData("dns", "", "type and a value")]
    [InlineData("", "example.test", "type and a value")]
    [InlineData(null, "example.test", "type and a value")]
    [InlineData("dns", null, "type and a value")]
    [InlineData("dns", "example.test.", "ends in a dot")]
    [InlineData("dns", ".example.test", "label that is empty")]
    [InlineData("dns", "a..test", "label that is empty")]
    [InlineData("dns", "bücher.example", "A-labels")]
    [InlineData("dns", "xn--999999999.example", "no A-label")]
    [InlineData("dns", "xn--.example", "hyphen")]
    [InlineData("dns", "xn--abc-.example", "hyphen")]
    [InlineData("dns", "*", "left-most label")]
    [InlineData("dns", "*.test", "whole top-level domain")]
    [InlineData("dns", "*.*.example.test", "left-most label")]
    [InlineData("dns", "a.*.example.test", "left-most label")]
    [InlineData("dns", "a*.example.test", "left-most label")]
    [InlineData("dns", "a_b.example.test", "character other than")]
    [InlineData("dns", "a b.example.test", "character other than")]
    [InlineData("dns", "example.test:80", "character other than")]
    [InlineData("dns", "user@example.test", "character other than")]
    [InlineData("dns", "example.test/x", "character other than")]
    [InlineData("dns", "a\0b.test", "character other than")]
    [InlineData("dns", "-a.test", "hyphen")]
    [InlineData("dns", "127.0.0.1", "is an address")]
    [InlineData("dns", "0x7f.1", "address")]
    [InlineData("dns", "host.42", "number")]
    [InlineData("ip", "127.1", "four decimal numbers")]
    [InlineData("ip", "010.0.0.1", "four decimal numbers")]
    [InlineData("ip", "0x7f000001", "neither")]
    [InlineData("ip", "2130706433", "four decimal numbers")]
    [InlineData("ip", "192.0.2.1:80", "neither")]
    [InlineData("ip", "192.0.2.0/24", "neither")]
    [InlineData("ip", "[2001:db8::1]", "neither")]
    [InlineData("ip", "fe80::1%eth0", "neither")]
    [InlineData("ip", "::ffff:192.0.2.1", "dotted decimal")]
    [InlineData("ip", "::ffff:c000:201", "dotted decimal")]
    [InlineData("ip", "example.test", "neither")]
    [InlineData("spiffe", "spiffe://agents.test/", "trailing slash")]
    [InlineData("spiffe", "https://agents.test/a", "spiffe://")]
    [InlineData("permanent-identifier", "a\u202Eb", "invisible")]
    [InlineData("permanent-identifier", "a\nb", "control")]
    [InlineData("permanent-identifier", " a", "white space")]
    public void TryParse_InvalidValue_SaysWhatIsWrong(string? type, string? value, string part)
    {
        Assert.False(AcmeIdentifier.TryParse(type, value, out _, out var error, out var detail));
        Assert.Equal(AcmeErrorType.Malformed, error);
        Assert.Contains(part, detail);
        Assert.DoesNotContain(detail, c => char.IsControl(c));
    }

    [Theory]
    [InlineData("email")]
    [InlineData("DNS")]
    [InlineData("TNAuthList")]
    public void TryParse_UnknownType_IsUnsupportedIdentifier(string type)
    {
        Assert.False(AcmeIdentifier.TryParse(type, "x", out _, out var error, out var detail));
        Assert.Equal(AcmeErrorType.UnsupportedIdentifier, error);
        Assert.Contains(AcmeIdentifierTypes.Listed, detail);
    }

    [Theory]
    [InlineData("ABCDEF123456/1.2.3.4", null)]
    [InlineData("ABCDEF123456/2.999.1", null)]
    [InlineData("/1.2.3.4", "nothing stands before its slash")]
    [InlineData("ABCDEF123456/", "no object identifier")]
    [InlineData("ABC/DEF/1.2.3.4", "no object identifier")]
    [InlineData("ABCDEF123456/1.2.03", "no object identifier")]
    [InlineData("ABCDEF123456/3.1", "no object identifier")]
    public void TryParse_PermanentIdentifier_SlashIsBeforeTheAssignerAlone(string value, string? because)
    {
        Assert.Equal(because is null, AcmeIdentifier.TryParse("permanent-identifier", value, out _, out var error, out var detail));
        if (because is not null)
        {
            Assert.Equal(AcmeErrorType.Malformed, error);
            Assert.Contains(because, detail);
        }
    }

    [Fact]
    public void TryParse_LongValue_IsShownShort()
    {
        Assert.False(AcmeIdentifier.TryParse("dns", new string('a', 10_000), out _, out _, out var detail));
        Assert.InRange(detail.Length, 1, 300);
    }

    [Fact]
    public void ForAuthorization_Wildcard_IsTheDomainBelowIt()
    {
        var wildcard = AcmeIdentifier.Parse("dns", "*.example.test");
        Assert.True(wildcard.IsWildcard);
        Assert.Equal(AcmeIdentifier.Parse("dns", "example.test"), wildcard.ForAuthorization);
        Assert.False(wildcard.ForAuthorization.IsWildcard);
    }

    [Fact]
    public void ToGeneralName_EachType_IsTheNameOfACertificate()
    {
        Assert.Equal(new GeneralName.Dns("*.example.test"), AcmeIdentifier.Parse("dns", "*.Example.test").ToGeneralName());
        Assert.Equal(new GeneralName.Ip(IPAddress.Parse("2001:db8::1")), AcmeIdentifier.Parse("ip", "2001:db8:0::1").ToGeneralName());
        Assert.Equal(new GeneralName.Uri("spiffe://agents.test/a"), AcmeIdentifier.Parse("spiffe", "spiffe://agents.test/a").ToGeneralName());
        Assert.Null(AcmeIdentifier.Parse("permanent-identifier", "42").ToGeneralName());
    }

    [Fact]
    public void Urn_EveryType_IsDistinctAndFoundAgain()
    {
        var types = Enum.GetValues<AcmeErrorType>();
        Assert.Equal(types.Length, types.Select(t => t.Urn()).Distinct().Count());
        Assert.All(types, t => Assert.Equal(t, AcmeErrorTypes.Find(t.Urn())));
        Assert.All(types, t => Assert.Equal(t, AcmeErrorTypes.Find(t.Name())));
        Assert.Equal("urn:ietf:params:acme:error:badCSR", AcmeErrorType.BadCsr.Urn());
        Assert.Null(AcmeErrorTypes.Find("urn:ietf:params:acme:error:nothing"));
    }
}
