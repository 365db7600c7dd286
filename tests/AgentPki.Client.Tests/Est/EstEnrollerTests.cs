using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;
using Certificate = AgentPki.X509.Certificates.Certificate;

namespace AgentPki.Client.Tests.Est;

/// <summary>The enroller before a server that asks for whatever a test wants.</summary>
public sealed class EstEnrollerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ml-kem-768", false)]
    [InlineData("ecdsa-p256", true)]
    public async Task EnrollAsync_SecondKeyWanted_IsMadeBesideAKeyThatSignsAlone(string kind, bool pair)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (held, heldKey) = await authority.AgentAsync("a.agents.test");
        var single = CsrAttributes.For(KeyAlgorithm.Find(kind), null, []);
        var wanted = single with { Attributes = [.. single.Attributes, .. AlternativeKeyAttributes.For(KeyAlgorithm.MlDsa44)] };
        await using var server = await RefusingServerAsync(wanted);
        using var client = new EstClient(new EstClientOptions(new Uri(server.App.Urls.Single()), [server.Certificate]), TimeProvider.System);

        var enrolled = await new EstEnroller(client, new CryptoProviders(new PlatformProvider(), new BouncyCastleProvider()), KeyAlgorithm.EcdsaP256)
            .EnrollAsync(X500Name.Create((Oids.CommonName, "a.agents.test")), [], new EstIdentity(held, heldKey), Token);

        await using var key = enrolled.Key;
        await using var alternative = enrolled.Alternative;
        Assert.Equal(kind, key.PublicKey.Algorithm.Name);
        Assert.Equal(pair, alternative is not null);
        Assert.Equal(alternative?.PublicKey, Pkcs10Request.Parse(enrolled.Request).AlternativePublicKey);
    }

    private static async Task<RefusingServer> RefusingServerAsync(CsrAttributes wanted)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        var tls = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(tls)));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.MapGet("/.well-known/est/csrattrs", () => Results.Text(Convert.ToBase64String(wanted.Encode()), "application/csrattrs"));
        app.MapPost("/.well-known/est/simpleenroll", () => Results.StatusCode(403));
        await app.StartAsync(Token);
        return new RefusingServer(app, tls, Certificate.Parse(tls.RawData));
    }

    private sealed record RefusingServer(WebApplication App, X509Certificate2 Tls, Certificate Certificate) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            Tls.Dispose();
        }
    }
}
