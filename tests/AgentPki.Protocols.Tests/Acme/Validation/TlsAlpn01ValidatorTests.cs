using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class TlsAlpn01ValidatorTests
{
    private const string Protocol = "acme-tls/1";

    private static readonly byte[] Identifier = [4, 32, .. AlpnServer.Digest];

    private readonly ConcurrentQueue<string?> _names = new();

    [Theory]
    [InlineData("a.test")]
    [InlineData("A.Test")]
    public async Task ValidateAsync_ChallengeCertificate_IsValid(string name)
    {
        await using var server = AlpnServer.Start(AlpnServer.Right(name), _names, Protocol, "http/1.1");
        Assert.Equal($"tls-alpn-01: {server.EndPoint} shows the challenge's certificate for a.test", Challenge.AssertValid(await ValidateAsync(server)));
        Assert.Equal(["a.test"], _names);
    }

    [Fact]
    public async Task ValidateAsync_AddressAsIdentifier_AsksByItsReverseName()
    {
        using var certificate = AlpnServer.Certificate(n => n.AddIpAddress(IPAddress.Loopback), Identifier);
        await using var server = AlpnServer.Start(certificate, _names, Protocol);
        Challenge.AssertValid(await ValidateAsync(server, "ip", "127.0.0.1"));
        Assert.Equal(["1.0.0.127.in-addr.arpa"], _names);
    }

    [Fact]
    public void Of_AddressOfEitherFamily_IsItsReverseName()
    {
        Assert.Equal("7.2.0.192.in-addr.arpa", ReverseNames.Of(IPAddress.Parse("192.0.2.7")));
        Assert.Equal("b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa", ReverseNames.Of(IPAddress.Parse("4321:0:1:2:3:4:567:89ab")));
    }

    public static TheoryData<string, string> WrongCertificates => new()
    {
        { "no names", "it should have DNS:a.test and no other" },
        { "other name", "it should have DNS:a.test and no other" },
        { "two names", "it should have DNS:a.test and no other" },
        { "name and address", "it should have DNS:a.test and no other" },
        { "name twice", "it should have DNS:a.test and no other" },
        { "wildcard", "it should have DNS:a.test and no other" },
        { "address alone", "it should have DNS:a.test and no other" },
        { "no extension", "has no acmeIdentifier extension" },
        { "not critical", "not critical" },
        { "other digest", "it should be " },
        { "short digest", "no OCTET STRING of 32 octets" },
        { "bare digest", "no OCTET STRING of 32 octets" },
        { "trailing octet", "no OCTET STRING of 32 octets" },
        { "issued by another", "not self-signed" },
        { "issued by its namesake", "not self-signed" },
        { "another's name", "not self-signed" },
        { "malformed names", "cannot be read" },
    };

    [Theory]
    [MemberData(nameof(WrongCertificates))]
    public async Task ValidateAsync_WrongCertificate_IsInvalidAndSaysWhy(string kind, string part)
    {
        using var certificate = Wrong(kind);
        await using var server = AlpnServer.Start(certificate, _names, Protocol);
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), part, server.EndPoint.ToString(), "a.test");
    }

    [Fact]
    public async Task ValidateAsync_AddressWithOtherNames_IsInvalid()
    {
        using var dns = AlpnServer.Certificate(n => n.AddDnsName("127.0.0.1"), Identifier);
        using var other = AlpnServer.Certificate(n => n.AddIpAddress(IPAddress.Parse("127.0.0.2")), Identifier);
        foreach (var certificate in new[] { dns, other })
        {
            await using var server = AlpnServer.Start(certificate, _names, Protocol);
            Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server, "ip", "127.0.0.1"), "IP:127.0.0.1 and no other");
        }
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("acme-tls/2")]
    public async Task ValidateAsync_OtherProtocol_IsTls(string protocol)
    {
        await using var server = AlpnServer.Start(AlpnServer.Right("a.test"), _names, protocol);
        Challenge.AssertInvalid(AcmeErrorType.Tls, await ValidateAsync(server), "acme-tls/1");
    }

    [Fact]
    public async Task ValidateAsync_ServerWithoutAlpn_IsTls()
    {
        await using var server = AlpnServer.Start(AlpnServer.Right("a.test"), _names);
        Challenge.AssertInvalid(AcmeErrorType.Tls, await ValidateAsync(server), "did not select it");
    }

    [Fact]
    public async Task ValidateAsync_NoTls_IsTls()
    {
        await using var server = RawServer.Start(async (_, stream, cancellationToken) => await stream.WriteAsync("220 mail.test ESMTP\r\n"u8.ToArray(), cancellationToken));
        Challenge.AssertInvalid(AcmeErrorType.Tls, await ValidateAsync(server), "TLS handshake");
    }

    [Fact]
    public async Task ValidateAsync_SilentServer_EndsWhenTheTimeIsUp()
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = RawServer.Start(async (_, stream, cancellationToken) =>
        {
            await stream.ReadExactlyAsync(new byte[1], cancellationToken);
            begun.SetResult();
            await stream.CopyToAsync(Stream.Null, cancellationToken);
        });
        var validation = ValidateAsync(server, time: time);
        await begun.Task;
        time.Advance(TimeSpan.FromSeconds(15));
        Challenge.AssertInvalid(AcmeErrorType.Connection, await validation, "did not end within the 15 s");
        await server.Left.Task;
    }

    [Fact]
    public async Task ValidateAsync_CertificateThatNamesAnIssuersPlace_FetchesNothing()
    {
        await using var place = RawServer.Http(_ => RawServer.Response(""));
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuerRequest = new CertificateRequest("CN=issuer", issuerKey, HashAlgorithmName.SHA256);
        issuerRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var issuer = issuerRequest.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = AlpnServer.Certificate(
            n => n.AddDnsName("a.test"),
            Identifier,
            change: r =>
            {
                r.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([$"http://{place.EndPoint}/ocsp"], [$"http://{place.EndPoint}/issuer"]));
                r.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"http://{place.EndPoint}/crl"]));
            },
            issuer: issuer);
        await using var server = AlpnServer.Start(certificate, _names, Protocol);
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), "not self-signed");
        Assert.Equal(0, place.Connections);
    }

    private static X509Certificate2 Wrong(string kind)
    {
        Action<SubjectAlternativeNameBuilder> right = n => n.AddDnsName("a.test");
        return kind switch
        {
            "no names" => AlpnServer.Certificate(null, Identifier),
            "other name" => AlpnServer.Certificate(n => n.AddDnsName("b.test"), Identifier),
            "two names" => AlpnServer.Certificate(n => { n.AddDnsName("a.test"); n.AddDnsName("b.test"); }, Identifier),
            "name and address" => AlpnServer.Certificate(n => { n.AddDnsName("a.test"); n.AddIpAddress(IPAddress.Loopback); }, Identifier),
            "name twice" => AlpnServer.Certificate(n => { n.AddDnsName("a.test"); n.AddDnsName("a.test"); }, Identifier),
            "wildcard" => AlpnServer.Certificate(n => n.AddDnsName("*.test"), Identifier),
            "address alone" => AlpnServer.Certificate(n => n.AddIpAddress(IPAddress.Loopback), Identifier),
            "no extension" => AlpnServer.Certificate(right, null),
            "not critical" => AlpnServer.Certificate(right, Identifier, critical: false),
            "other digest" => AlpnServer.Certificate(right, [4, 32, .. SHA256.HashData([1])]),
            "short digest" => AlpnServer.Certificate(right, [4, 31, .. AlpnServer.Digest[1..]]),
            "bare digest" => AlpnServer.Certificate(right, AlpnServer.Digest),
            "trailing octet" => AlpnServer.Certificate(right, [.. Identifier, 0]),
            "issued by another" => AlpnServer.Certificate(right, Identifier, issuer: Issuer("CN=another")),
            "issued by its namesake" => AlpnServer.Certificate(right, Identifier, issuer: Issuer("CN=challenge")),
            "another's name" => AlpnServer.Certificate(right, Identifier, issuerName: "CN=another"),
            "malformed names" => AlpnServer.Certificate(null, Identifier, change: r => r.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 2, 0x82, 9], false))),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    private static X509Certificate2 Issuer(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static Task<ValidationResult> ValidateAsync(RawServer server, string type = "dns", string value = "a.test", TimeProvider? time = null) =>
        Challenge.Validator(ChallengeTypes.TlsAlpn01, Challenge.Development(tlsAlpnPort: server.Port), time: time)
            .ValidateAsync(Challenge.Request(type, value), TestContext.Current.CancellationToken).AsTask();
}
