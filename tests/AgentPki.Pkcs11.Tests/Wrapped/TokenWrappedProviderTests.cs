using AgentPki.Cryptography;
using AgentPki.Pkcs11.Wrapped;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Wrapped;

/// <summary>The provider contract for keys wrapped under a key of a real SoftHSM token.</summary>
public sealed class TokenWrappedProviderTests(SoftHsmFixture softHsm) : CryptoProviderContract, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agentpki-wrapped-").FullName;
    private Pkcs11Provider? _token;
    private ICryptoProvider? _provider;

    protected override ICryptoProvider Provider => _provider!;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87, KeyAlgorithm.SlhDsaSha2Fast128, KeyAlgorithm.SlhDsaShakeFast128];

    protected override int ManyAtOnce => 50;

    public async ValueTask InitializeAsync()
    {
        _token = await SoftHsmFixture.OpenAsync(softHsm.Token("wrapped"));
        _provider = await MakeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _token!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override async Task<ICryptoProvider?> ReopenAsync() => await MakeAsync();

    [Fact]
    public void CapabilitiesFor_WhatTheTokenHasOrNobodyWraps_IsNothing()
    {
        Assert.Equal(KeyCapabilities.None, Provider.CapabilitiesFor(KeyAlgorithm.EcdsaP256));
        Assert.Equal(KeyCapabilities.None, Provider.CapabilitiesFor(KeyAlgorithm.MlKem768));
        Assert.Equal(12 + 3, KeyAlgorithm.All.Count(a => Provider.CapabilitiesFor(a) != KeyCapabilities.None));
    }

    [Fact]
    public async Task OpenAsync_OtherToken_SaysWhichTokenWrappedIt()
    {
        await using var key = await Provider.GenerateAsync(new("elsewhere", KeyAlgorithm.MlDsa44, KeyPurpose.CertificateAuthority), default);
        await using var other = await SoftHsmFixture.OpenAsync(softHsm.Token("wrapped-other"));
        var provider = new TokenWrappedProvider(await other.OpenWrapperAsync("wrap", default), other, new() { Folder = _folder }, TimeProvider.System);
        var error = await Assert.ThrowsAsync<WrappedKeyException>(async () => await provider.OpenAsync("elsewhere", default));
        Assert.Contains("was wrapped by token 'wrapped' (serial ", error.Message);
        Assert.Contains("does not open with token 'wrapped-other'", error.Message);
        Assert.True(other.IsHealthy);
    }

    private async Task<ICryptoProvider> MakeAsync() =>
        new TokenWrappedProvider(await _token!.OpenWrapperAsync("wrap", default), _token, new() { Folder = _folder }, TimeProvider.System);
}
