using System.Net;
using AgentPki.Client.Peers;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Guard;
using AgentPki.Server.Guard.Lists;
using AgentPki.Server.Guard.Proxy;
using AgentPki.Server.Home;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Server.Tests.Guard;

public sealed class GuardOptionsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private string _ca = "";
    private string _leafOnly = "";

    public async ValueTask InitializeAsync()
    {
        await using var authority = await TestAuthority.StartAsync();
        (_ca, _leafOnly) = (Path.Combine(_folder.Path, "ca.pem"), Path.Combine(_folder.Path, "issuing.pem"));
        await File.WriteAllTextAsync(_ca, Pem.Encode(authority.Ceremony.Root, authority.Ceremony.Issuing));
        await File.WriteAllTextAsync(_leafOnly, Pem.Encode(authority.Ceremony.Issuing));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "guard.pem"), "");
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "guard.key"), "");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Read_CommandLine_IsADoor()
    {
        var options = Read("", Said());
        Assert.Equal((1, 1), (options.Anchors.Count, options.Intermediates.Count));
        Assert.Equal(new IPEndPoint(IPAddress.Any, 8443), options.Door?.Listen);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 9443), options.Admin);
        Assert.Equal([RevocationSource.Feed, RevocationSource.Ocsp, RevocationSource.Crl], options.Sources);
        Assert.Null(options.Lists);
    }

    [Fact]
    public void Read_File_IsBehindTheCommandLine()
    {
        var file = $"""
            appliance: http://elsewhere:8080
            ca: {_ca}
            source: [feed]
            maxStaleness: 10s
            crlDir: {_folder.Path}
            crl: [issuing, "http://other.example/x/root.crl"]
            onChange: "true"
            """;
        var options = Read(file, new() { ["appliance"] = ["http://here:8080"] });
        Assert.Equal("http://here:8080/", options.Appliance.AbsoluteUri);
        Assert.Equal([RevocationSource.Feed], options.Sources);
        Assert.Equal(TimeSpan.FromSeconds(10), options.MaximumStaleness);
        Assert.Equal(["http://here:8080/crl/issuing.crl", "http://other.example/x/root.crl"], options.Lists?.Urls.Select(u => u.AbsoluteUri));
        Assert.Null(options.Door);
    }

    [Theory]
    [InlineData("listen", null, "nothing to do")]
    [InlineData("upstream", null, "needs --upstream")]
    [InlineData("appliance", null, "needs --appliance")]
    [InlineData("appliance", "pki.example.org", "not an http")]
    [InlineData("upstream", "ftp://x", "not an http")]
    [InlineData("listen", "8443x", "not an address")]
    [InlineData("admin", "0.0.0.0:9443", "not a loopback")]
    [InlineData("source", "feed,dns", "no source")]
    [InlineData("source", "feed,feed", "twice")]
    [InlineData("max-staleness", "soon", "not a time")]
    [InlineData("allow", "spiffe://x/a*", "not a SPIFFE ID")]
    [InlineData("key", null, "certificate of its own")]
    [InlineData("key", "/nowhere/guard.key", "no file")]
    [InlineData("est", "https://localhost:8443", "needs the name")]
    [InlineData("est", "http://localhost:8080", "not an https")]
    [InlineData("crl-dir", "/nowhere/crl", "no folder")]
    [InlineData("ca", "/nowhere/ca.pem", "no certificates")]
    public void Read_WhatCannotWork_IsSaidWithItsRemedy(string name, string? value, string said)
    {
        var given = Said();
        given.Remove(name);
        if (value is not null)
        {
            given[name] = [value];
        }

        if (said == "not an https")
        {
            given["name"] = ["localhost"];
        }

        var refused = Assert.Throws<CommandException>(() => Read("", given));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Remedy);
    }

    [Fact]
    public void Read_ListsThatWouldBeOneFile_AreRefused()
    {
        var given = Said();
        (given["crl-dir"], given["crl"]) = ([_folder.Path], ["issuing", "root", "http://other.example/crl/issuing.crl"]);
        Assert.Contains("issuing.crl", Assert.Throws<CommandException>(() => Read("", given)).Message, StringComparison.Ordinal);
        given["crl"] = ["issuing", "root", "http://other.example/other/issuing.crl"];
        Assert.Equal(3, Read("", given).Lists?.Urls.Count);
    }

    [Fact]
    public void Read_FileWithAMisspeltField_OrNoRoot_IsRefused()
    {
        Assert.Contains("upstreem", Assert.Throws<CommandException>(() => Read("upstreem: http://x", Said())).Message, StringComparison.Ordinal);
        var given = Said();
        given["ca"] = [_leafOnly];
        Assert.Contains("no root", Assert.Throws<CommandException>(() => Read("", given)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ShippedFile_HasOnlyKnownFields() =>
        // It names files that are not here: everything before that is right.
        Assert.Contains("/etc/agentpki/ca.pem", Assert.Throws<CommandException>(() => Read(File.ReadAllText(Path.Combine(Root(), "packaging", "guard", "guard.yaml")), [])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Client-Cert", true)]
    [InlineData("client_cert", true)]
    [InlineData("x_SPIFFE-id", true)]
    [InlineData("X-Forwarded-Client-Cert", true)]
    [InlineData("Client-Cert-Chain", true)]
    [InlineData("Client-Certificate", true)]
    [InlineData("X-Client-Cert", true)]
    [InlineData("x_client_cert_subject", true)]
    [InlineData("X-Client-Certificate", true)]
    [InlineData("X-SSL-Client-Cert", true)]
    [InlineData("X-SSL-Client-Verify", true)]
    [InlineData("X-SSL-CERT", true)]
    [InlineData("SSL-Client-Cert", true)]
    [InlineData("SSL_CLIENT_S_DN", true)]
    [InlineData("X-Amzn-Mtls-Clientcert", true)]
    [InlineData("X-Amzn-Mtls-Clientcert-Leaf", true)]
    [InlineData("X-ARR-ClientCert", true)]
    [InlineData("X-Forwarded-For", true)]
    [InlineData("X-Forwarded-Tls-Client-Cert", true)]
    [InlineData("X_Forwarded_Prefix", true)]
    [InlineData("Forwarded", true)]
    [InlineData("x_real_ip", true)]
    [InlineData("X-Forward", false)]
    [InlineData("X-SSLabs", false)]
    [InlineData("X-Client-Id", false)]
    [InlineData("Authorization", false)]
    public void IsOurs_AnyCaseOrUnderscore_IsTheSameHeader(string name, bool ours) => Assert.Equal(ours, ClientHeaders.IsOurs(name));

    [Theory]
    [InlineData("http://pki/crl/issuing.crl", "issuing")]
    [InlineData("http://pki/crl/issuing/3.crl", "issuing-3")]
    [InlineData("http://pki/crl/..%2Fall.crl", "___all")]
    [InlineData("http://pki/crl/all.crl", "list")]
    public void NameOf_AnyUrl_IsAFileNameOfTheFolder(string url, string name) => Assert.Equal(name, ListFolder.NameOf(new Uri(url)));

    private static GuardOptions Read(string file, Dictionary<string, IReadOnlyList<string>> said) => GuardOptionsReader.Read(new GuardSettings(said, YamlSection.Parse(file, "guard.yaml"), "guard.yaml"));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }

    private Dictionary<string, IReadOnlyList<string>> Said() => new()
    {
        ["listen"] = ["8443"], ["upstream"] = ["http://127.0.0.1:8000"], ["appliance"] = ["http://127.0.0.1:8080"], ["ca"] = [_ca],
        ["certificate"] = [Path.Combine(_folder.Path, "guard.pem")], ["key"] = [Path.Combine(_folder.Path, "guard.key")],
    };
}
