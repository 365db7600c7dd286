using AgentPki.Protocols.Ocsp;

namespace AgentPki.Protocols.Tests.Ocsp;

public sealed class OcspRequestPathTests
{
    // 30 09 fb ef ff 3e 3f be ff ff: base64 with plus, slashes and padding.
    private static readonly byte[] Request = Convert.FromHexString("3009FBEFFF3E3FBEFFFF");
    private static readonly string Text = Convert.ToBase64String(Request);

    public static TheoryData<string> Encodings { get; } = new()
    {
        Text,
        "/" + Text,
        "//" + Text,
        Uri.EscapeDataString(Text),
        Uri.EscapeDataString(Text).Replace("%2F", "%2f", StringComparison.Ordinal).Replace("%3D", "%3d", StringComparison.Ordinal),
        Uri.EscapeDataString(Uri.EscapeDataString(Text)), // a client behind an encoding proxy
        Text.Replace("+", "%2B", StringComparison.Ordinal), // only the plus
        Text.Replace("=", "%3D", StringComparison.Ordinal), // only the padding
        Text.Replace("+", "%20", StringComparison.Ordinal), // a plus that became a space
        Text + "?x=y",
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public void TryRead_EveryEncodingSeen_GivesTheRequest(string encoded)
    {
        Assert.Equal(Request, OcspRequestPath.TryRead("/ocsp/" + encoded, "/ocsp/"));
        Assert.Equal(Request, OcspRequestPath.TryRead("http://pki.test:8080/ocsp/" + encoded, "/ocsp/"));
    }

    [Theory]
    [InlineData("/ocsp/")]
    [InlineData("/ocsp/%%%")]
    [InlineData("/ocsp/%zz")]
    [InlineData("/ocsp/////")]
    [InlineData("/ocsp/MIIB-_")]
    [InlineData("/elsewhere/MIIB")]
    [InlineData("")]
    public void TryRead_Noise_IsNull(string target) => Assert.Null(OcspRequestPath.TryRead(target, "/ocsp/"));

    [Fact]
    public void TryRead_RandomTargets_NeverThrow()
    {
        var random = new Random(6960);
        for (var i = 0; i < 20_000; i++)
        {
            var target = string.Create(random.Next(0, 60), random, static (text, r) =>
            {
                for (var j = 0; j < text.Length; j++)
                {
                    text[j] = r.Next(4) == 0 ? "%/+= ?"[r.Next(6)] : (char)r.Next(0x21, 0x7F);
                }
            });
            _ = OcspRequestPath.TryRead("/ocsp/" + target, "/ocsp/");
        }
    }
}
