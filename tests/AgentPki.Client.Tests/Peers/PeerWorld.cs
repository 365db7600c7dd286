using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using AgentPki.Client.Peers;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Revocations;
using AgentPki.X509;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Names;
using AgentPki.X509.Ocsp;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using PlatformKey = System.Security.Cryptography.X509Certificates.PublicKey;

namespace AgentPki.Client.Tests.Peers;

/// <summary>A root, an issuing CA, agents, and what speaks of their revocation: feed, OCSP and CRL, each of which a test can silence. No appliance: that is what the integration tests are for.</summary>
internal sealed class PeerWorld : IAsyncDisposable
{
    public const string Domain = "agents.test";
    private const string Server = "http://pki.test:8080";
    private const string FeedName = "test/1";
    private static readonly DateTimeOffset Start = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _issuingKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _issuing;
    private readonly ISigningKey _feedKey;
    private readonly Certificate _feedSigner;
    private readonly List<Channel<string>> _subscribers = [];
    private readonly HashSet<string> _revoked = [];
    private readonly List<string> _statements = [];
    private long _sequence;

    private PeerWorld(ISigningKey feedKey)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = Authority("Root", rootKey).CreateSelfSigned(Start.AddYears(-1), Start.AddYears(9));
        _issuing = Extended(Authority("Issuing", _issuingKey), _root).Create(_root, Start.AddMonths(-1), Start.AddYears(5), RandomNumberGenerator.GetBytes(16));
        _feedKey = feedKey;
        var signer = new CertificateRequest(
            new X500DistinguishedName("CN=Feed"), PlatformKey.CreateFromSubjectPublicKeyInfo(feedKey.PublicKey.SubjectPublicKeyInfo.Span, out _), HashAlgorithmName.SHA256);
        signer.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.RevocationFeed)], false));
        _feedSigner = Certificate.Parse(Issue(signer).RawData);
    }

    public FakeTimeProvider Clock { get; } = new(Start);

    public Certificate Root => Certificate.Parse(_root.RawData);

    public Certificate Issuing => Certificate.Parse(_issuing.RawData);

    public X509Certificate2 IssuingCertificate => _issuing;

    public bool FeedIsDown { get; set; }

    public bool OcspIsDown { get; set; } = true;

    public bool CrlIsDown { get; set; } = true;

    /// <summary>What the responder puts in the nonce's place.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Nonce { get; set; } = static nonce => nonce;

    public int OcspQuestions { get; private set; }

    public static async Task<PeerWorld> CreateAsync() =>
        new(await new PlatformProvider().GenerateAsync(new KeySpec("feed", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None));

    /// <summary>A certificate with its key, for both sides of TLS.</summary>
    public X509Certificate2 Agent(string path, TimeSpan? lifetime = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={path.Split('/')[^1]}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"spiffe://{Domain}/{path}"));
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ClientAuth), new Oid(Oids.ServerAuth)], false));
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([Server + "/ocsp"], null));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([Server + "/crl/issuing.crl"]));
        using var bare = Issue(request, lifetime);
        return bare.CopyWithPrivateKey(key);
    }

    /// <summary>The way to what speaks of revocation.</summary>
    public HttpMessageHandler Handler() => new Door(this);

    public static Certificate Parsed(X509Certificate2 certificate) => Certificate.Parse(certificate.RawData);

    /// <summary>A gate that follows this feed, current.</summary>
    public async Task<PeerGate> GateAsync(params RevocationSource[] sources)
    {
        var options = new PeerGateOptions(new Uri(Server), [Root]) { Sources = sources.Length > 0 ? sources : [RevocationSource.Feed], QuestionTimeout = TimeSpan.FromSeconds(3) };
        var gate = new PeerGate(options, Clock, handler: Handler);
        if (!FeedIsDown)
        {
            await UntilAsync(() => !gate.Follower.View.IsStale);
        }

        return gate;
    }

    public Task RevokeAsync(params X509Certificate2[] certificates) => SayAsync(certificates, release: false, reason: 1);

    public Task HoldAsync(params X509Certificate2[] certificates) => SayAsync(certificates, release: false, reason: 6);

    public Task ReleaseAsync(params X509Certificate2[] certificates) => SayAsync(certificates, release: true, reason: 6);

    /// <summary>Time passes, in which the feed says every five seconds that it lives, and is heard.</summary>
    public async Task PassAsync(PeerGate gate, TimeSpan time)
    {
        for (var end = Clock.GetUtcNow() + time; Clock.GetUtcNow() < end;)
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            await BeatAsync();
            for (var i = 0; !FeedIsDown && gate.Follower.View.AsOf < Clock.GetUtcNow(); i++)
            {
                Assert.True(i < 20_000, "The feed is not heard.");
                await Task.Delay(1);
            }
        }
    }

    /// <summary>Waits for what happens on other threads, letting time pass.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 3000, "It did not happen.");
            Clock.Advance(TimeSpan.FromMilliseconds(100));
            if (i % 10 == 0)
            {
                await BeatAsync();
            }

            await Task.Delay(2);
        }
    }

    public Task CutFeedAsync()
    {
        FeedIsDown = true;
        lock (_subscribers)
        {
            _subscribers.ForEach(s => s.Writer.TryComplete());
            _subscribers.Clear();
        }

        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await CutFeedAsync();
        _issuingKey.Dispose();
        await _feedKey.DisposeAsync();
    }

    private IReadOnlyList<ReadOnlyMemory<byte>> Authorities => [Issuing.SubjectKeyIdentifier, Root.SubjectKeyIdentifier];

    private async Task SayAsync(X509Certificate2[] certificates, bool release, int reason)
    {
        foreach (var certificate in certificates)
        {
            _ = release ? _revoked.Remove(certificate.SerialNumber) : _revoked.Add(certificate.SerialNumber);
        }

        var now = Clock.GetUtcNow();
        await SendAsync(new RevocationEventStatement(
            FeedName, ++_sequence, now, Authorities, release, reason, now, certificates.Length,
            [.. certificates.Select(Parsed).Select(c => new StatedCertificate(c.AuthorityKeyIdentifier.Span.SequenceEqual(Issuing.SubjectKeyIdentifier.Span) ? 0 : 1, c.SerialNumber))], null));
    }

    private async Task BeatAsync()
    {
        if (!FeedIsDown)
        {
            await SendAsync(new HeartbeatStatement(FeedName, _sequence, Clock.GetUtcNow(), Authorities));
        }
    }

    private async Task SendAsync(RevocationStatement statement)
    {
        var text = await SignAsync(statement);
        lock (_subscribers)
        {
            if (statement is RevocationEventStatement)
            {
                _statements.Add(text);
            }

            _subscribers.ForEach(s => s.Writer.TryWrite(text));
        }
    }

    private async Task<string> SignAsync(RevocationStatement statement) =>
        await CompactJws.SignAsync(_feedKey, RevocationStatement.JwsType, _feedSigner.Fingerprint(), statement.Encode(), CancellationToken.None);

    private X509Certificate2 Issue(CertificateRequest request, TimeSpan? lifetime = null) =>
        Extended(request, _issuing).Create(
            _issuing.SubjectName, X509SignatureGenerator.CreateForECDsa(_issuingKey), Start.AddHours(-1), Start + (lifetime ?? TimeSpan.FromDays(30)), [0x11, .. RandomNumberGenerator.GetBytes(15)]);

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static CertificateRequest Extended(CertificateRequest request, X509Certificate2 issuer)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        return request;
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        switch (path.Split('/')[1])
        {
            case "ocsp" when !OcspIsDown:
                return Found(Respond(await request.Content!.ReadAsByteArrayAsync(cancellationToken)));
            case "crl" when !CrlIsDown:
                return Found(CrlOctets());
            case "revocations" when !FeedIsDown:
                return path switch
                {
                    "/revocations/snapshot" => Found(Encoding.ASCII.GetBytes(await SnapshotAsync())),
                    "/revocations/feed" => await FollowAsync(),
                    _ when path.StartsWith("/revocations/signers/", StringComparison.Ordinal) => Found(CertsOnly.Encode([_feedSigner.Der, Issuing.Der])),
                    _ when path.StartsWith("/revocations/sets/", StringComparison.Ordinal) => Found(EmptySet().Octets),
                    _ => new HttpResponseMessage(HttpStatusCode.NotFound),
                };
            default:
                throw new HttpRequestException("down (test)");
        }
    }

    // What is revoked comes as events, all from the start: the snapshot is the one before the first.
    private async Task<string> SnapshotAsync() =>
        await SignAsync(new SnapshotStatement(FeedName, 0, Clock.GetUtcNow(), Authorities, new StatedSet("empty", EmptySet().Commitment)));

    private static (byte[] Octets, RevocationSetCommitment Commitment) EmptySet()
    {
        using var builder = new RevocationSetBuilder(16);
        using var output = new MemoryStream();
        var commitment = builder.Write(output);
        return (output.ToArray(), commitment);
    }

    private async Task<HttpResponseMessage> FollowAsync()
    {
        var channel = Channel.CreateUnbounded<string>();
        lock (_subscribers)
        {
            _statements.ForEach(s => channel.Writer.TryWrite(s));
            _subscribers.Add(channel);
        }

        await BeatAsync();
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new ChannelStream(channel.Reader)) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return response;
    }

    private byte[] Respond(byte[] question)
    {
        OcspQuestions++;
        var request = OcspRequest.Parse(question);
        var now = Clock.GetUtcNow();
        var data = new ResponseData
        {
            Responder = ResponderId.For(Issuing.PublicKey),
            ProducedAt = now,
            Nonce = Nonce(request.Nonce),
            Responses = [.. request.Certificates.Select(c => new SingleResponse(
                c, _revoked.Contains(Convert.ToHexString(c.SerialNumber.Span)) ? new OcspCertificateStatus.Revoked(now) : new OcspCertificateStatus.Good(), now, now.AddMinutes(10)))],
        }.Encode();
        return OcspResponse.Assemble(data, KeyAlgorithm.EcdsaP256.DefaultSignature, _issuingKey.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private byte[] CrlOctets()
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var serial in _revoked)
        {
            builder.AddEntry(Convert.FromHexString(serial), Clock.GetUtcNow());
        }

        return builder.Build(
            _issuing.SubjectName, X509SignatureGenerator.CreateForECDsa(_issuingKey), 1, Clock.GetUtcNow().AddHours(1), HashAlgorithmName.SHA256, X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_issuing, true, false), Clock.GetUtcNow());
    }

    private static HttpResponseMessage Found(byte[] octets) => new(HttpStatusCode.OK) { Content = new ByteArrayContent(octets) };

    private sealed class Door(PeerWorld world) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => world.AnswerAsync(request, cancellationToken);
    }

    /// <summary>Server-Sent Events out of a channel.</summary>
    private sealed class ChannelStream(ChannelReader<string> reader) : Stream
    {
        private ReadOnlyMemory<byte> _rest;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.IsEmpty)
            {
                _rest = await NextAsync(cancellationToken);
            }

            var count = Math.Min(buffer.Length, _rest.Length);
            _rest[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }

        private async Task<byte[]> NextAsync(CancellationToken cancellationToken)
        {
            try
            {
                return Encoding.ASCII.GetBytes($"data: {await reader.ReadAsync(cancellationToken)}\n\n");
            }
            catch (ChannelClosedException cut)
            {
                throw new IOException("cut (test)", cut);
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
