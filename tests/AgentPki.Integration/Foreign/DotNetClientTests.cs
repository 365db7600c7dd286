using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>EST by .NET's own HttpClient, as a program would do it that knows nothing of this appliance.</summary>
public sealed class DotNetClientTests(SharedAppliance shared)
{
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task HttpClient_EnrollsAndRenewsOnKeptConnections(SslProtocols protocol)
    {
        var appliance = await shared.GetAsync();
        using var stranger = Client(appliance, protocol, null);
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(appliance.Credential)));
        for (var round = 0; round < 3; round++)
        {
            var (key, name) = (Csr.NewP256(), Csr.NewName("dotnet"));
            var enrolled = (await PostAsync(stranger, appliance, "simpleenroll", Csr.ForDns(key, name))).CopyWithPrivateKey(key);
            using var agent = Client(appliance, protocol, enrolled);
            var next = Csr.NewP256();
            var renewed = await PostAsync(agent, appliance, "simplereenroll", Csr.ForDns(next, name));
            Assert.Equal(next.ExportSubjectPublicKeyInfo(), renewed.PublicKey.ExportSubjectPublicKeyInfo());
            Assert.Equal(enrolled.SubjectName.RawData, renewed.SubjectName.RawData);
        }
    }

    [Fact]
    public async Task IssuedChain_VerifiesInDotNet()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(appliance.Anchors());
        chain.ChainPolicy.ExtraStore.ImportFromPemFile(appliance.ChainFile);
        Assert.True(chain.Build(agent.Certificate), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.Equal(3, chain.ChainElements.Count);
    }

    private static async Task<X509Certificate2> PostAsync(HttpClient client, Appliance appliance, string operation, byte[] der)
    {
        using var body = new ByteArrayContent(Requests.Base64(der)) { Headers = { ContentType = new MediaTypeHeaderValue(Requests.Pkcs10) } };
        using var response = await client.PostAsync($"{appliance.EstUrl}/{operation}", body);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return Assert.Single(CertsOnlyMessage.FromBase64(await response.Content.ReadAsByteArrayAsync()));
    }

    private static HttpClient Client(Appliance appliance, SslProtocols protocol, X509Certificate2? identity)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(appliance.Anchors());
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions =
            {
                EnabledSslProtocols = protocol,
                CertificateChainPolicy = policy,
                ClientCertificates = identity is null ? null : [identity],
            },
        });
    }
}
