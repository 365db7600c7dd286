using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The provider contract on a second, quite different token: PKCS#11 3.2, a fixed label, its own way to come to life.</summary>
[Collection("NSS")]
public sealed class NssProviderTests(NssFixture nss) : CryptoProviderContract, IAsyncLifetime
{
    private Pkcs11Provider? _provider;
    private Pkcs11Provider? _second;

    protected override ICryptoProvider Provider => _provider!;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072, KeyAlgorithm.Ed25519, KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87];

    public async ValueTask InitializeAsync() => _provider = await nss.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _provider!.DisposeAsync();
        if (_second is not null)
        {
            await _second.DisposeAsync();
        }
    }

    protected override async Task<ICryptoProvider?> ReopenAsync() => _second ??= await nss.OpenAsync();

    [Fact]
    public void EnsureToken_FreshDatabase_WasMadeOnceOnly()
    {
        Assert.True(nss.Made);
        Assert.False(TokenAdministration.EnsureToken(nss.Options, "unused"));
    }

    [Fact]
    public async Task GenerateAsync_EveryKey_IsSensitiveAndNotExtractable()
    {
        await _provider!.GenerateAsync(new("attributes", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await _provider.OpenWrapperAsync("wrapping-attributes", default);
        var keys = TokenAdministration.ListKeys(nss.Options).Where(k => k.Label.EndsWith("attributes", StringComparison.Ordinal)).ToList();
        Assert.Equal(["certificate-authority", "key-wrapping"], keys.Select(k => k.Purpose));
        Assert.All(keys, k => Assert.True(k.NeverLeft, k.ToString()));
    }

    [Fact]
    public async Task Wrapper_RoundTripAndTampering_OnlyTheUnchangedOpens()
    {
        var wrapper = await _provider!.OpenWrapperAsync("tls", default);
        var secret = RandomNumberGenerator.GetBytes(121);
        var wrapped = await wrapper.WrapAsync(secret, "tls key"u8.ToArray(), default);
        Assert.Equal(secret, await wrapper.UnwrapAsync(wrapped, "tls key"u8.ToArray(), default));
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped, "other key"u8.ToArray(), default));
        wrapped[^1] ^= 1;
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped, "tls key"u8.ToArray(), default));
    }

    [Fact]
    public async Task Diagnostics_HealthyToken_EveryStepIsOk()
    {
        var steps = await Pkcs11Diagnostics.RunAsync(nss.Options, TimeProvider.System, NullLoggerFactory.Instance, default);
        Assert.Equal(["module", "slot", "mechanisms", "login", "sign"], steps.Select(s => s.Name));
        Assert.All(steps, s => Assert.True(s.Ok, $"{s.Name}: {s.Finding}"));
        Assert.Contains("PKCS 11 3.2", steps[0].Finding, StringComparison.Ordinal);
        Assert.Contains("decapsulates ml-kem-1024, ml-kem-512, ml-kem-768", steps[2].Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Mechanisms_OfVersion3_AreNamed() =>
        Assert.Contains("CKM_ML_DSA", TokenAdministration.ListMechanisms(nss.Options));
}
