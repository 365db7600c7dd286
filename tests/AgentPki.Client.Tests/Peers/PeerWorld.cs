using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using AgentPki.Client.Peers;
using AgentPki.Client.Revocation;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Revocations;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using Xunit;
using PlatformKey = System.Security.Cryptography.X509Certificates.PublicKey;

namespace AgentPki.Client.Tests.Peers;

/// <summary>A root, an issuing CA, agents, and what speaks of their revocation: feed, OCSP and CRL, each of which a test can silence. No appliance: that is what the integration tests are for.</summary>
internal sealed partial class PeerWorld : IAsyncDisposable
{
    public const string Domain = "agents.test";
    public const string Server = "http://pki.test:8080";
    private const string FeedName = "test/1";
    private static readonly DateTimeOffset Start = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _issuingKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _issuing;
    private readonly ISigningKey _feedKey;
    private readonly Certificate _feedSigner;
    private readonly List<Channel<string>> _subscribers = [];
    private readonly List<RevocationFollower> _followers = [];
    private readonly Dictionary<string, RevocationSetServing> _sets = [];
    private readonly HashSet<string> _revoked = [];
    private readonly List<string> _statements = [];
    private readonly ConcurrentDictionary<string, (byte[] Octets, DateTimeOffset Made)> _lists = new(); // until somebody is revoked
    private string _snapshotSet = "empty";
    private long _sequence;

    private PeerWorld(ISigningKey feedKey)
    {
        _root = Authority("Root", _rootKey).CreateSelfSigned(Start.AddYears(-1), Start.AddYears(9));
        var issuing = Extended(Authority("Issuing", _issuingKey), _root);
        issuing.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([Server + "/crl/root.crl"])); // and no OCSP, as an appliance's
        _issuing = issuing.Create(_root, Start.AddMonths(-1), Start.AddYears(5), RandomNumberGenerator.GetBytes(16));
        _feedKey = feedKey;
        var signer = new CertificateRequest(
            new X500DistinguishedName("CN=Feed"), PlatformKey.CreateFromSubjectPublicKeyInfo(feedKey.PublicKey.SubjectPublicKeyInfo.Span, out _), HashAlgorithmName.SHA256);
        signer.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.RevocationFeed)], false));
        _feedSigner = Certificate.Parse(Issue(signer).RawData);
    }

    /// <summary>The relying party's; the appliance's own nobody turns.</summary>
    public SettableTimeProvider Clock { get; } = new(Start);

    public Certificate Root => Certificate.Parse(_root.RawData);

    public Certificate Issuing => Certificate.Parse(_issuing.RawData);

    public X509Certificate2 IssuingCertificate => _issuing;

    public bool FeedIsDown { get; set; }

    public bool OcspIsDown { get; set; } = true;

    /// <summary>The issuing CA's; the root's is always there unless <see cref="RootCrlIsDown"/>.</summary>
    public bool CrlIsDown { get; set; } = true;

    public bool RootCrlIsDown { get; set; }

    /// <summary>In a list's place.</summary>
    public byte[]? CrlGarbage { get; set; }

    /// <summary>What the responder says before anything else; 200: what it is for.</summary>
    public HttpStatusCode OcspStatus { get; set; } = HttpStatusCode.OK;

    /// <summary>How long the responder thinks.</summary>
    public TimeSpan OcspTakes { get; set; }

    /// <summary>Whoever asks for a set or a bucket of one waits for ever; but for the feed signer's, without which no follower goes on.</summary>
    public bool SetsHang { get; set; }

    /// <summary>What the responder puts in the nonce's place.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Nonce { get; set; } = static nonce => nonce;

    public int OcspQuestions { get; private set; }

    public int CrlQuestions { get; private set; }

    public static async Task<PeerWorld> CreateAsync() =>
        new(await new PlatformProvider().GenerateAsync(new KeySpec("feed", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None));

    /// <summary>A certificate with its key, for both sides of TLS.</summary>
    public X509Certificate2 Agent(string path, TimeSpan? lifetime = null, X509Extension? more = null)
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
        if (more is not null)
        {
            request.CertificateExtensions.Add(more);
        }

        using var bare = Issue(request, lifetime);
        return bare.CopyWithPrivateKey(key);
    }

    /// <summary>The same, in no set's bucket with the feed's signer.</summary>
    public X509Certificate2 AgentApart(string path)
    {
        for (var agent = Agent(path); ; agent = Agent(path))
        {
            if (MemberOf(Parsed(agent)).BucketOf(5) != MemberOf(_feedSigner).BucketOf(5))
            {
                return agent;
            }
        }
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
            _followers.Add(gate.Follower);
        }

        return gate;
    }

    public Task RevokeAsync(params X509Certificate2[] certificates) => SayAsync(certificates, release: false, reason: 1);

    /// <summary>One event with a set of all these and ten thousand others, too large to be fetched whole.</summary>
    public async Task RevokeSetAsync(params X509Certificate2[] certificates)
    {
        var now = Now;
        Note(certificates, release: false);
        var (name, commitment) = MakeSet(certificates);
        await SendAsync(new RevocationEventStatement(FeedName, ++_sequence, now, Authorities, false, 1, now, (int)commitment.Count, [], new StatedSet(name, commitment)));
    }

    /// <summary>What was revoked before anybody listens: in the snapshot, among ten thousand others.</summary>
    public void BeginWith(params X509Certificate2[] revoked)
    {
        Note(revoked, release: false);
        _snapshotSet = MakeSet(revoked).Name;
    }

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
                await HeardAsync();
            }

            await Task.Delay(2);
        }
    }

    /// <summary>Waits for what happens on other threads without any time passing by the clock: no timeout helps.</summary>
    public static async Task AtOnceAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 6000, "It did not happen.");
            await Task.Delay(5);
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
        _rootKey.Dispose();
        _issuingKey.Dispose();
        await _feedKey.DisposeAsync();
    }

    private IReadOnlyList<ReadOnlyMemory<byte>> Authorities => [Issuing.SubjectKeyIdentifier, Root.SubjectKeyIdentifier];

    private DateTimeOffset Now => new(Clock.GetTimestamp(), TimeSpan.Zero);

    // A busy machine must not take what was said for silence, while time passes here by steps.
    private async Task HeardAsync()
    {
        var signed = Now;
        for (var i = 0; !FeedIsDown && i < 200 && (IsUnread() || _followers.Exists(f => f.View.AsOf < signed)); i++)
        {
            await Task.Delay(1);
        }
    }

    private bool IsUnread()
    {
        lock (_subscribers)
        {
            return _subscribers.Exists(s => s.Reader.Count > 0);
        }
    }

    private void Note(X509Certificate2[] certificates, bool release)
    {
        foreach (var certificate in certificates)
        {
            _ = release ? _revoked.Remove(certificate.SerialNumber) : _revoked.Add(certificate.SerialNumber);
        }

        _lists.Clear();
    }

    private static RevocationMember MemberOf(Certificate certificate) => RevocationMember.Of(certificate.AuthorityKeyIdentifier.Span, certificate.SerialNumber.Span);

    private (string Name, RevocationSetCommitment Commitment) MakeSet(X509Certificate2[] certificates)
    {
        using var builder = new RevocationSetBuilder(1 << 14);
        foreach (var certificate in certificates.Select(Parsed))
        {
            builder.Add(MemberOf(certificate));
        }

        for (var i = 0; i < 10_000; i++)
        {
            builder.Add(new RevocationMember(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))));
        }

        using var output = new MemoryStream();
        var commitment = builder.Write(output);
        Assert.True(commitment.Octets > 64 * 1024);
        Assert.True(RevocationSet.TryRead(output.ToArray(), commitment, out var set, out _));
        var name = $"set{_sets.Count}";
        _sets[name] = new RevocationSetServing(set);
        return (name, commitment);
    }

    private async Task SayAsync(X509Certificate2[] certificates, bool release, int reason)
    {
        Note(certificates, release);
        var now = Now;
        await SendAsync(new RevocationEventStatement(
            FeedName, ++_sequence, now, Authorities, release, reason, now, certificates.Length,
            [.. certificates.Select(Parsed).Select(c => new StatedCertificate(c.AuthorityKeyIdentifier.Span.SequenceEqual(Issuing.SubjectKeyIdentifier.Span) ? 0 : 1, c.SerialNumber))], null));
    }

    private async Task BeatAsync()
    {
        if (!FeedIsDown)
        {
            await SendAsync(new HeartbeatStatement(FeedName, _sequence, Now, Authorities));
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
}
