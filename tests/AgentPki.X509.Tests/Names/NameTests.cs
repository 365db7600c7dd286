using AgentPki.X509.Der;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Lint;
using CsCheck;
using Xunit;

namespace AgentPki.X509.Tests.Names;

public sealed class NameTests
{
    [Theory]
    [InlineData("CN=agent-7,O=Example")]
    [InlineData("CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h,C=DE")]
    [InlineData("CN=\\#x\\ ")]
    [InlineData("CN=\\ x,OU=ä€😀")]
    [InlineData("DC=example,DC=org")]
    [InlineData("1.2.3.4=x,UID=y")]
    [InlineData("")]
    public void FromRfc4514_ToString_IsTheSame(string text) => Assert.Equal(text, X500Name.FromRfc4514(text).ToString());

    [Fact]
    public void FromRfc4514_MultiValuedRdn_IsInDerOrder()
    {
        var name = X500Name.FromRfc4514("OU=b+CN=a,O=x");

        Assert.Equal(name, X500Name.FromRfc4514("CN=a+OU=b,O=x"));
        Assert.Equal("CN=a+OU=b,O=x", name.ToString());
    }

    [Theory]
    [InlineData("CN")]
    [InlineData("CN=a,")]
    [InlineData("CN=a+")]
    [InlineData("XX=a")]
    [InlineData("CN=a\\")]
    [InlineData("CN=a\\x")]
    [InlineData("CN=\"a\"")]
    public void FromRfc4514_NotAName_Throws(string text) => Assert.Throws<FormatException>(() => X500Name.FromRfc4514(text));

    [Theory]
    [InlineData(Oids.CommonName, "")]
    [InlineData(Oids.Country, "DEU")]
    [InlineData(Oids.Country, "D_")]
    [InlineData(Oids.DomainComponent, "ä")]
    [InlineData(Oids.CommonName, "a\nb")]
    [InlineData(Oids.CommonName, "a\u202Eb")]
    [InlineData(Oids.CommonName, "\ud800")]
    public void Create_ValueThatDoesNotFit_Throws(string oid, string value) => Assert.Throws<ArgumentException>(() => X500Name.Create((oid, value)));

    [Fact]
    public void ToString_ForeignNameWithControls_EscapesThem()
    {
        var name = X500Name.Parse(RawTbs.Name(Oids.CommonName, DerTag.Utf8String, "a\r\nlevel=info"u8));

        Assert.True(name.HasControlCharacters);
        Assert.Equal("CN=a\\0D\\0Alevel=info", name.ToString());
    }

    [Fact]
    public void Create_AnyPrintableText_BouncyCastleAndDotNetReadTheSame() =>
        Gen.String[Gen.Char[" abcXYZ,+=\"\\<>;#äß€'()/.:-_"], 1, 30].Sample(text =>
        {
            var name = X500Name.Create((Oids.Organization, text), (Oids.CommonName, text));
            var foreign = Org.BouncyCastle.Asn1.X509.X509Name.GetInstance(Org.BouncyCastle.Asn1.Asn1Object.FromByteArray(name.Der.ToArray()));

            // BouncyCastle shows a value that begins with '#' as '\\#…' and one that begins with '\\#' likewise: its text alone does not tell them apart.
            if (!text.StartsWith("\\#", StringComparison.Ordinal))
            {
                Assert.Equal(text, Assert.Single(foreign.GetValueList(Org.BouncyCastle.Asn1.X509.X509Name.CN)));
            }

            Assert.Equal(text, new System.Security.Cryptography.X509Certificates.X500DistinguishedName(name.Der.Span).EnumerateRelativeDistinguishedNames().First().GetSingleElementValue());
            Assert.Equal(name, X500Name.FromRfc4514(name.ToString()));
        });

    [Theory]
    [InlineData("spiffe://example.org", "example.org", "")]
    [InlineData("spiffe://a-b_c.1/x/Y.z_-9", "a-b_c.1", "/x/Y.z_-9")]
    [InlineData("spiffe://td/...", "td", "/...")]
    public void SpiffeId_Valid_IsTakenApart(string text, string trustDomain, string path)
    {
        var id = SpiffeId.Parse(text);

        Assert.Equal((trustDomain, path, text), (id.TrustDomain, id.Path, id.ToString()));
        Assert.Equal(id, SpiffeId.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("https://example.org/a")]
    [InlineData("SPIFFE://example.org/a")]
    [InlineData("spiffe://")]
    [InlineData("spiffe:///a")]
    [InlineData("spiffe://Example.org/a")]
    [InlineData("spiffe://example.org/")]
    [InlineData("spiffe://example.org/a/")]
    [InlineData("spiffe://example.org//a")]
    [InlineData("spiffe://example.org/./a")]
    [InlineData("spiffe://example.org/a/..")]
    [InlineData("spiffe://example.org/a?b")]
    [InlineData("spiffe://example.org/a#b")]
    [InlineData("spiffe://example.org/%61")]
    [InlineData("spiffe://example.org/ä")]
    [InlineData("spiffe://user@example.org/a")]
    [InlineData("spiffe://example.org:443/a")]
    public void SpiffeId_Invalid_IsRefusedWithAReason(string text)
    {
        Assert.False(SpiffeId.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void SpiffeId_Length_IsBounded()
    {
        Assert.True(SpiffeId.TryParse("spiffe://a/" + new string('x', 2048 - 11), out _));
        Assert.False(SpiffeId.TryParse("spiffe://a/" + new string('x', 2049 - 11), out _));
        Assert.True(SpiffeId.TryParse($"spiffe://{new string('a', 255)}/x", out _));
        Assert.False(SpiffeId.TryParse($"spiffe://{new string('a', 256)}/x", out _));
    }
}
