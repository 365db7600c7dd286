using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Client;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace AgentPki.Integration.OAuth;

/// <summary>OpenIddict's client, which chooses its way by the server's metadata.</summary>
public sealed class OpenIddictClientTests(SharedAppliance shared)
{
    [Fact]
    [Trait("tier", "full")]
    public async Task OpenIddictClient_ByItsCertificate_GetsATokenThatIsActive()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance);
        var issuer = new Uri($"https://localhost:{appliance.HttpsPort}");
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddOpenIddict().AddClient(client =>
        {
            client.AllowClientCredentialsFlow();
            client.DisableTokenStorage();
            client.UseSystemNetHttp().ConfigureHttpClientHandler(handler =>
                handler.ServerCertificateCustomValidationCallback = (_, certificate, chain, _) =>
                {
                    chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                    chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                    chain.ChainPolicy.CustomTrustStore.AddRange(appliance.Anchors());
                    return chain.Build(certificate!);
                });
            client.AddRegistration(new OpenIddictClientRegistration
            {
                Issuer = issuer,
                ClientId = OAuthAppliance.IdOf(agent),
                ConfigurationEndpoint = new Uri(issuer, "/.well-known/oauth-authorization-server"),
                SigningCredentials = { new SigningCredentials(new X509SecurityKey(agent.Certificate), SecurityAlgorithms.EcdsaSha256) },
            });
        });
        await using var provider = services.BuildServiceProvider();
        var service = provider.GetRequiredService<OpenIddictClientService>();
        var given = await service.AuthenticateWithClientCredentialsAsync(new() { Issuer = issuer });
        Assert.NotEmpty(given.AccessToken);
        var said = await service.IntrospectTokenAsync(new() { Issuer = issuer, Token = given.AccessToken, TokenTypeHint = TokenTypeHints.AccessToken });
        Assert.Equal(OAuthAppliance.IdOf(agent), said.Principal.FindFirst(Claims.Subject)?.Value);
    }
}
