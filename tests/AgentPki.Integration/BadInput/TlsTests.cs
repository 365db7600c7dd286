using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>What TLS itself lets in and keeps out, seen by openssl.</summary>
public sealed class TlsTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("TLS 1.0", "-tls1")]
    [InlineData("TLS 1.1", "-tls1_1")]
    public async Task Handshake_OfAnOldVersion_IsRefused(string version, string option)
    {
        var result = (await HandshakeAsync(option, "-cipher", "ALL:@SECLEVEL=0")).MustFail();
        Assert.True(result.Error.Contains("alert", StringComparison.Ordinal), $"{version} was not refused by the server: {result.Error}");
    }

    [Theory]
    [InlineData("AES128-SHA")]
    [InlineData("AES256-GCM-SHA384")]
    [InlineData("ECDHE-ECDSA-AES128-SHA")]
    [InlineData("DHE-RSA-AES256-GCM-SHA384")]
    [InlineData("NULL-SHA256")]
    public async Task Handshake_WithAWeakCipher_IsRefused(string cipher) =>
        Assert.Contains("alert", (await HandshakeAsync("-tls1_2", "-cipher", $"{cipher}:@SECLEVEL=0")).MustFail().Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task Handshake_OfACurrentVersion_Succeeds(string option, string version) =>
        Assert.Contains(version, (await HandshakeAsync(option)).MustSucceed().Text, StringComparison.Ordinal);

    [Fact]
    public async Task Handshake_WithBothOffered_TakesTls13() =>
        Assert.Contains("TLSv1.3", (await HandshakeAsync()).MustSucceed().Text, StringComparison.Ordinal);

    [Fact]
    public async Task ServerCertificate_NamesLocalhostAndItsAddress()
    {
        var appliance = await shared.GetAsync();
        foreach (var name in new[] { "-verify_hostname localhost", "-verify_ip 127.0.0.1" })
        {
            (await HandshakeAsync(["-verify_return_error", .. name.Split(' ')])).MustSucceed();
        }

        (await HandshakeAsync("-verify_return_error", "-verify_hostname", "elsewhere.example")).MustFail();
        Assert.True(appliance.IsRunning);
    }

    public void Dispose() => folder.Dispose();

    private async Task<ToolResult> HandshakeAsync(params string[] options)
    {
        var appliance = await shared.GetAsync();
        var result = await Tool.RunAsync(
            "openssl",
            ["s_client", "-brief", "-connect", $"127.0.0.1:{appliance.HttpsPort}", "-servername", "localhost", "-CAfile", appliance.AnchorsFile, .. options],
            input: [],
            folder: folder.Path);
        return result with { Output = [.. result.Output, .. System.Text.Encoding.UTF8.GetBytes(result.Error)] }; // -brief reports on standard error
    }
}
