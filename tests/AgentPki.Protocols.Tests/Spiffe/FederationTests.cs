using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Federation;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Names;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Spiffe;

/// <summary>Bundles for foreign trust domains, and of them.</summary>
public sealed class FederationTests
{
    [Fact]
    public async Task OwnBundle_HasRootsAndKeysAsTheStandardHasThem_AndItsSequenceRisesOnlyWithWhatItSays()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var bundle = new OwnBundle(server.Workloads, TimeSpan.FromMinutes(5), server.Authority.Time);

        var octets = await bundle.CurrentAsync(TestContext.Current.CancellationToken);
        server.Authority.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(octets, await bundle.CurrentAsync(TestContext.Current.CancellationToken));
        using var json = JsonDocument.Parse(octets);
        Assert.Equal(300, json.RootElement.GetProperty("spiffe_refresh_hint").GetInt32());
        var keys = json.RootElement.GetProperty("keys").EnumerateArray().ToList();
        var root = keys.First(k => k.GetProperty("use").GetString() == "x509-svid");
        using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(Assert.Single(root.GetProperty("x5c").EnumerateArray()).GetString()!));
        Assert.Equal(certificate.Subject, certificate.Issuer);
        Assert.Equal("EC", root.GetProperty("kty").GetString());
        Assert.NotEmpty(Assert.Single(keys, k => k.GetProperty("use").GetString() == "jwt-svid").GetProperty("kid").GetString()!);
        Assert.True(BundleDocument.TryParse(octets, out var read, out _));
        Assert.Equal(octets, read.Encode());
    }

    [Theory]
    [InlineData("""{"keys":[]}""", true)]
    [InlineData("""{"keys":[{"kty":"EC"},{"use":"enc"},{"use":"sig","k":"AA"}],"spiffe_sequence":1,"spiffe_refresh_hint":10,"other":1}""", true)]
    [InlineData("""{"keys":[{"use":"jwt-svid","kid":"a","kty":"XX"}]}""", true)]
    [InlineData("""{"keys":[{"use":"jwt-svid","kty":"EC"}]}""", false)]
    [InlineData("""{"keys":[{"use":"jwt-svid","kid":"a","kty":"XX"},{"use":"jwt-svid","kid":"a","kty":"XX"}]}""", false)]
    [InlineData("""{"keys":[{"use":"x509-svid","kty":"EC"}]}""", false)]
    [InlineData("""{"keys":[{"use":"x509-svid","x5c":["AA=="]}]}""", false)]
    [InlineData("""{"keys":[{"use":"x509-svid","x5c":[1]}]}""", false)]
    [InlineData("""{"keys":{}}""", false)]
    [InlineData("""{"keys":[],"keys":[]}""", false)]
    [InlineData("[]", false)]
    [InlineData("", false)]
    public void Parse_AsTheStandardDemands_OrNot(string json, bool good) => Assert.Equal(good, BundleDocument.TryParse(Encoding.UTF8.GetBytes(json), out _, out _));

    [Fact]
    public void Parse_PrivateMembersOfAKey_GoNoFurther()
    {
        Assert.True(BundleDocument.TryParse("""{"keys":[{"use":"jwt-svid","kid":"a","kty":"EC","crv":"P-521","x":"AA","y":"AA","d":"SECRET"}]}"""u8.ToArray(), out var bundle, out _));

        Assert.DoesNotContain("SECRET", Encoding.UTF8.GetString(bundle.Encode()), StringComparison.Ordinal);
    }

    [Fact]
    public void TryTake_AnOlderSequence_IsNotTaken()
    {
        var known = new ForeignBundles();
        Assert.True(known.TryTake("other.test", new BundleDocument([], [], 5, null)));

        Assert.False(known.TryTake("other.test", new BundleDocument([], [], 4, null)));
        Assert.Equal(5, known.Find("other.test")!.Sequence);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Follow_HttpsSpiffeEndpoint_ItsBundleReachesWorkloadsAndItsTokensAreJudged_AndAnImpostorsIsNot()
    {
        // The partner: another appliance, another root, the same trust domain's name in its tests; what tells them apart is the root.
        await using var partner = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry("endpoint", "/bundle-endpoint"));
        using var partners = new OwnBundle(partner.Workloads, TimeSpan.FromSeconds(30), partner.Authority.Time);
        var first = await partners.CurrentAsync(TestContext.Current.CancellationToken);
        await using var endpoint = await EndpointAsync(partner, partners);
        var foreign = new ForeignBundles();
        await using var server = await WorkloadServer.StartAsync(configure: s => s with { Foreign = foreign }, entries: FederatedEntry("partner.test"));
        var url = new Uri($"https://127.0.0.1:{new Uri(endpoint.Urls.First()).Port}{FederationEndpoints.Path}");
        var kept = new List<byte[]>();

        // Nobody is believed before the first bundle is there, which their administrator gives.
        var id = SpiffeId.Parse($"spiffe://{TestAuthority.TrustDomain}/bundle-endpoint");
        var domain = new FederatedDomain("partner.test", url, id, []);
        using (var early = new BundleClient(domain, new ForeignBundles(), server.Authority.Time))
        {
            Assert.NotNull((await early.FetchAsync(TestContext.Current.CancellationToken)).Problem);
        }

        Assert.True(BundleDocument.TryParse(first, out var given, out _));
        Assert.True(foreign.TryTake(TestAuthority.TrustDomain, given)); // the trust domain of the endpoint's ID
        using var call = server.Svids();
        Assert.Empty((await server.NextAsync(call)).FederatedBundles);

        using var client = new BundleClient(domain, foreign, server.Authority.Time);
        var follower = new BundleFollower(domain, client, foreign, server.Workloads.Signal, kept.Add, server.Authority.Time, NullLogger.Instance);
        Assert.Equal(TimeSpan.FromSeconds(30), await follower.LookAsync(TestContext.Current.CancellationToken));

        var said = Assert.Single((await server.NextAsync(call)).FederatedBundles);
        Assert.Equal("spiffe://partner.test", said.Key);
        Assert.Equal(partner.Workloads.Bundles.Roots()[0].Der.ToArray(), said.Value.ToByteArray()[..partner.Workloads.Bundles.Roots()[0].Der.Length]);
        Assert.Single(kept);

        // Another ID at the same address is an impostor.
        using var other = new BundleClient(domain with { EndpointId = SpiffeId.Parse($"spiffe://{TestAuthority.TrustDomain}/other") }, foreign, server.Authority.Time);
        Assert.NotNull((await other.FetchAsync(TestContext.Current.CancellationToken)).Problem);

        // And so is whoever shows the ID under another root.
        var wrong = new ForeignBundles();
        Assert.True(wrong.TryTake(TestAuthority.TrustDomain, new BundleDocument(server.Workloads.Bundles.Roots(), [], 1, null)));
        using var fooled = new BundleClient(domain, wrong, server.Authority.Time);
        Assert.NotNull((await fooled.FetchAsync(TestContext.Current.CancellationToken)).Problem);

        var bundles = server.Client().FetchJWTBundles(new JWTBundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("spiffe://partner.test", (await server.NextAsync(bundles)).Bundles.Keys);
    }

    [Fact]
    public async Task Look_EndpointIsSilent_IsSaidOnceAndCalledStaleOnceAfterThreeHints_AndWhatIsKnownCounts()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (known, log) = (new ForeignBundles(), new Said());
        Assert.True(known.TryTake("other.test", new BundleDocument([], [], 1, TimeSpan.FromSeconds(20))));
        var domain = new FederatedDomain("other.test", new Uri("https://127.0.0.1:1/spiffe/bundle"), null, []);
        using var client = new BundleClient(domain, known, authority.Time);
        var follower = new BundleFollower(domain, client, known, authority.Services.Workloads.Signal, _ => Assert.Fail("nothing came"), authority.Time, log);

        await follower.LookAsync(TestContext.Current.CancellationToken);
        authority.Time.Advance(TimeSpan.FromSeconds(59));
        await follower.LookAsync(TestContext.Current.CancellationToken);
        Assert.Equal([2589], log.Events);
        authority.Time.Advance(TimeSpan.FromSeconds(2));
        await follower.LookAsync(TestContext.Current.CancellationToken);
        await follower.LookAsync(TestContext.Current.CancellationToken);

        Assert.Equal([2589, 2590], log.Events);
        Assert.Null(follower.Heard);
        Assert.Equal(1, known.Find("other.test")!.Sequence);
    }

    private sealed class Said : ILogger
    {
        public List<int> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Events.Add(eventId.Id);
    }

    private static WorkloadEntry FederatedEntry(string domain)
    {
        var entry = WorkloadServer.Entry();
        return new WorkloadEntry { Name = entry.Name, Id = entry.Id, Selectors = entry.Selectors, Profile = entry.Profile, Owner = entry.Owner, Federates = [domain] };
    }

    /// <summary>A TLS server with the partner's X.509-SVID, as its appliance has one for its bundle endpoint.</summary>
    private static async Task<WebApplication> EndpointAsync(WorkloadServer partner, OwnBundle bundle)
    {
        var svid = ((Outcome<X509Svid>.Done)await partner.Workloads.Svids.CurrentAsync(partner.Workloads.Directory.Entries[0], TestContext.Current.CancellationToken)).Value;
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Certificate.Der.Span);
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.CopyKey(), out _);
        var intermediates = new X509Certificate2Collection();
        foreach (var certificate in svid.Intermediates)
        {
            intermediates.Add(X509CertificateLoader.LoadCertificate(certificate.Der.Span));
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var shown = leaf.CopyWithPrivateKey(key);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(https =>
        {
            https.ServerCertificate = shown;
            https.ServerCertificateChain = intermediates;
        })));
        var app = builder.Build();
        app.MapBundle(bundle);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
