using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Tls;

public sealed class TlsCertificateKeeperTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly XorWrapper _wrapper = new();
    private TestAuthority _authority = null!;
    private int _issued;

    private ApplianceHome Home => new(_folder.Path);

    private Certificate Issuing => _authority.Services.Issuers.IssuerFor(_authority.Services.Profiles.Require(ProfileUse.TlsServer))!.Certificate;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        HomeFolder.Prepare(Home);
        _authority = await TestAuthority.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _authority.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Load_SecondTime_KeepsKeyAndCertificate()
    {
        var (first, isNew) = await Keeper().LoadAsync(Token);
        var (second, isNewAgain) = await Keeper().LoadAsync(Token);

        Assert.True(isNew);
        Assert.False(isNewAgain);
        Assert.Equal(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
        Assert.True(second.Certificate.HasPrivateKey);
        Assert.Equal(1, _issued);
    }

    [Fact]
    public async Task Load_KeyOnDisk_IsNotReadableWithoutTheToken()
    {
        await Keeper().LoadAsync(Token);

        Assert.Throws<CryptographicException>(() => ECDsa.Create().ImportPkcs8PrivateKey(File.ReadAllBytes(Home.TlsKey), out _));
    }

    [Theory]
    [InlineData("another token")]
    [InlineData("another name")]
    [InlineData("expired")]
    [InlineData("no certificate file")]
    [InlineData("damaged key file")]
    public async Task Load_KeptOneNoLongerFits_IssuesAnother(string change)
    {
        var (first, _) = await Keeper().LoadAsync(Token);
        var names = "";
        switch (change)
        {
            case "another token":
                _wrapper.Key = 7;
                break;
            case "another name":
                names = "pki.example.org";
                break;
            case "expired":
                _authority.Time.Advance(TimeSpan.FromDays(29));
                break;
            case "no certificate file":
                File.Delete(Home.TlsCertificate);
                break;
            default:
                await File.WriteAllBytesAsync(Home.TlsKey, [1, 2, 3], Token);
                break;
        }

        var (second, isNew) = await Keeper(names).LoadAsync(Token);

        Assert.True(isNew);
        Assert.NotEqual(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
    }

    [Fact]
    public async Task Keep_NearTheEnd_RenewsWithAnotherKey()
    {
        var keeper = Keeper();
        var (identity, _) = await keeper.LoadAsync(Token);
        var (thumbprint, key) = (identity.Certificate.Thumbprint, identity.Certificate.GetPublicKeyString());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var looks = new ConcurrentQueue<TlsRenewal>();
        var keeping = keeper.KeepAsync(identity, looks.Enqueue, stop.Token);

        _authority.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(thumbprint, identity.Certificate.Thumbprint);
        _authority.Time.Advance(TimeSpan.FromDays(21));
        for (var i = 0; i < 200 && identity.Certificate.Thumbprint == thumbprint; i++)
        {
            _authority.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(10, Token);
        }

        await stop.CancelAsync();
        await keeping;
        Assert.NotEqual(thumbprint, identity.Certificate.Thumbprint);
        Assert.NotEqual(key, identity.Certificate.GetPublicKeyString());
        Assert.Single(looks, TlsRenewal.Renewed);
    }

    [Fact]
    public async Task Renew_AfterASuccession_ComesFromTheNewCaAtOnceAndNotTwice()
    {
        using var keeper = Keeper();
        var (identity, _) = await keeper.LoadAsync(Token);
        Assert.Equal(TlsRenewal.Kept, await keeper.RenewAsync(identity, Token));
        Assert.IsType<Outcome<SuccessionChange>.Done>(await _authority.Services.Successions.StartAsync(new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384)), "admin:test", "c", Token));
        await _authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", Token);
        Assert.Equal(TlsRenewal.Kept, await keeper.RenewAsync(identity, Token)); // clients trust the old one until it is over
        await _authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", Token);

        var before = identity.Certificate;
        _authority.Keys.BeforeSign = _ => throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(1));
        Assert.Equal(TlsRenewal.Failed, await keeper.RenewAsync(identity, Token));
        Assert.Same(before, identity.Certificate);
        _authority.Keys.BeforeSign = null;
        Assert.Equal(TlsRenewal.Renewed, await keeper.RenewAsync(identity, Token));
        Assert.Equal(TlsRenewal.Kept, await keeper.RenewAsync(identity, Token));

        Assert.Equal(_authority.Services.Issuers.Find("issuing-2")!.Certificate.Subject, Certificate.Parse(identity.Certificate.RawData).Issuer);
        Assert.Equal(3, _issued);
        Assert.False((await keeper.LoadAsync(Token)).IsNew);
    }

    private TlsCertificateKeeper Keeper(string name = "")
    {
        var yaml = $"trustDomain: a.test\nlisten: {{names: [{(name.Length == 0 ? "" : name)}]}}";
        var (options, problems) = ConfigurationReader.Read(yaml, "f.yaml", _ => null);
        Assert.Empty(problems);
        return new TlsCertificateKeeper(TlsSlot.Classical(Home), options, _wrapper, () => Issuing, IssueAsync, _authority.Time, NullLogger<TlsCertificateKeeper>.Instance);
    }

    private async Task<IReadOnlyList<Certificate>> IssueAsync(ISigningKey key, IReadOnlyList<X509.Names.GeneralName> names, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _issued);
        var outcome = await _authority.Services.Appliance.IssueAsync(ProfileUse.TlsServer, key.PublicKey, "localhost", names, cancellationToken);
        var issued = Assert.IsType<Outcome<EnrollmentOutcome.Issued>.Done>(outcome).Value;
        return [issued.Certificate, .. issued.Chain];
    }

    /// <summary>Stands for a token: what one key wrapped, another does not open.</summary>
    private sealed class XorWrapper : IKeyWrapper
    {
        public byte Key { get; set; } = 42;

        public string Name => "xor";

        public ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken) =>
            ValueTask.FromResult<byte[]>([Key, .. plaintext.ToArray().Select(b => (byte)(b ^ Key))]);

        public ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken) =>
            wrapped.Span[0] == Key
                ? ValueTask.FromResult(wrapped[1..].ToArray().Select(b => (byte)(b ^ Key)).ToArray())
                : throw new CryptographicException("wrapped by another key");
    }
}
