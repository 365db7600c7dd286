using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

public sealed class DevelopmentCeremonyTests
{
    private readonly InMemoryStore _store = new();
    private readonly HookedProvider _keys = new(new PlatformProvider());

    [Fact]
    public async Task RunAsync_MakesAHierarchyInOrder()
    {
        var result = await RunAsync();
        Assert.Equal((true, true), (result.Root.IsCertificateAuthority, result.Issuing.IsCertificateAuthority));
        Assert.Equal(new BasicConstraints(true, 0), result.Issuing.BasicConstraints);
        Assert.Equal(KeyUsages.KeyCertSign | KeyUsages.CrlSign, result.Issuing.KeyUsages);
        Assert.Equal(result.Root.SubjectKeyIdentifier.ToArray(), result.Issuing.AuthorityKeyIdentifier.ToArray());
        Assert.Equal(result.Issuing.PublicKey.KeyIdentifier(), result.Issuing.SubjectKeyIdentifier.ToArray());
        Assert.Equal([new NameSubtree.UriHost("agents.test")], result.Issuing.Fields.NameConstraints!.Permitted);
        Assert.Equal("http://pki.test:8080/crl/root.crl", ((X509.Names.GeneralName.Uri)result.Issuing.Fields.CrlDistributionPoints[0].FullName[0]).Value);
        Assert.Equal(Oids.AccessMethodCaIssuers, Assert.Single(result.Issuing.Fields.AuthorityInformationAccess).Method);
        Assert.All(new[] { Oids.AuthorityInformationAccess, Oids.CrlDistributionPoints }, oid => Assert.Null(result.Root.FindExtension(oid)));
        Assert.All(result.Steps, s => Assert.True(s.IsNew));
        Assert.Equal([LedgerEntryKind.EpochStarted, LedgerEntryKind.KeyGenerated, LedgerEntryKind.AuthorityCreated, LedgerEntryKind.KeyGenerated, LedgerEntryKind.AuthorityCreated, LedgerEntryKind.KeyGenerated], await KindsAsync());
    }

    [Fact]
    public async Task RunAsync_Again_MakesNothingAnew()
    {
        var first = await RunAsync();
        var (entries, signatures) = ((await KindsAsync()).Count, _keys.Signatures);
        var second = await RunAsync();
        Assert.Equal((first.Root, first.Issuing, first.CheckpointKey), (second.Root, second.Issuing, second.CheckpointKey));
        Assert.All(second.Steps, s => Assert.False(s.IsNew));
        Assert.Equal((entries, signatures), ((await KindsAsync()).Count, _keys.Signatures));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task RunAsync_CutOffAtAnyCommit_ContinuesWithTheKeysThereAre(int commits)
    {
        var left = commits;
        _store.Fault = () => left-- > 0 ? null : new StoreUnavailableException("crash (test)");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => RunAsync());
        var rootKey = (await _keys.OpenAsync("t-root-ca", default))?.PublicKey;
        var issuingKey = (await _keys.OpenAsync("t-issuing-ca", default))?.PublicKey;
        _store.Fault = null;
        var result = await RunAsync();
        Assert.Equal(rootKey, result.Root.PublicKey);
        Assert.True(issuingKey is null || issuingKey.Equals(result.Issuing.PublicKey));
        Assert.True(result.Issuing.VerifySignature(result.Root.PublicKey, Environment().Providers));
        Assert.Equal(2, (await ((IAuthorityStore)_store).ListAsync(default)).Count);
        // Whatever was cut off: every CA key has its entry.
        Assert.InRange((await KindsAsync()).Count(k => k == LedgerEntryKind.KeyGenerated), 3, 4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task RunAsync_TokenGoneAtASignature_Continues(int signatures)
    {
        var left = signatures;
        _keys.BeforeSign = _ => left-- > 0 ? Task.CompletedTask : throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => RunAsync());
        _keys.BeforeSign = null;
        var result = await RunAsync();
        Assert.True(result.Issuing.VerifySignature(result.Root.PublicKey, Environment().Providers));
    }

    [Fact]
    public async Task RunAsync_TokenOfAnotherHome_Refuses()
    {
        await RunAsync();
        var foreign = new HookedProvider(new PlatformProvider());
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(keys: foreign));
        Assert.Contains("different homes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_KeyOfAnotherKindIsThere_Refuses()
    {
        await _keys.GenerateAsync(new KeySpec("t-root-ca", KeyAlgorithm.Rsa3072, KeyPurpose.CertificateAuthority), default);
        Assert.Contains("rsa-3072", (await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_KeyOfAnotherPurposeIsThere_Refuses()
    {
        await _keys.GenerateAsync(new KeySpec("t-root-ca", KeyAlgorithm.EcdsaP384, KeyPurpose.Probe), default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync());
    }

    [Fact]
    public async Task RunAsync_SignatureThatDoesNotFit_Refuses() =>
        await Assert.ThrowsAsync<ArgumentException>(() => RunAsync(o => o with { Root = o.Root with { Signature = SignatureAlgorithm.RsaPssSha256 } }));

    [Fact]
    public async Task RunAsync_SmallRsa_Refuses() =>
        await Assert.ThrowsAsync<ArgumentException>(() => RunAsync(o => o with { Root = o.Root with { KeyAlgorithm = KeyAlgorithm.Rsa2048 } }));

    private AuthorityEnvironment Environment(ICryptoProvider? keys = null) => new(
        new CryptoProviders(keys ?? _keys, new BouncyCastleProvider()), AuthorityStores.Of(_store), ProfileCatalog.Defaults(), TestAuthority.DefaultOptions,
        new FakeTimeProvider(new DateTimeOffset(2027, 3, 1, 12, 0, 0, TimeSpan.Zero)), NullLoggerFactory.Instance);

    private async Task<CeremonyResult> RunAsync(Func<CeremonyOptions, CeremonyOptions>? change = null, ICryptoProvider? keys = null)
    {
        var options = CeremonyOptions.Development("t-", "Test");
        return await new DevelopmentCeremony(Environment(keys)).RunAsync(change?.Invoke(options) ?? options, default);
    }

    private async Task<List<LedgerEntryKind>> KindsAsync()
    {
        var kinds = new List<LedgerEntryKind>();
        await foreach (var record in _store.ReadAsync(0, default))
        {
            kinds.Add(record.Leaf.Kind);
        }

        return kinds;
    }
}
