using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The provider contract on a real SoftHSM token, and what only a token has.</summary>
public sealed class SoftHsmProviderTests(SoftHsmFixture softHsm) : CryptoProviderContract, IAsyncLifetime
{
    private Pkcs11Provider? _provider;
    private Pkcs11Provider? _second;

    private Pkcs11Options Options => softHsm.Token("contract");

    protected override ICryptoProvider Provider => _provider!;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072, KeyAlgorithm.Ed25519];

    public async ValueTask InitializeAsync() => _provider = await SoftHsmFixture.OpenAsync(Options);

    public async ValueTask DisposeAsync()
    {
        await _provider!.DisposeAsync();
        if (_second is not null)
        {
            await _second.DisposeAsync();
        }
    }

    protected override async Task<ICryptoProvider?> ReopenAsync() => _second ??= await SoftHsmFixture.OpenAsync(Options);

    [Fact]
    public async Task GenerateAsync_EveryKey_IsSensitiveAndNeverExtractable()
    {
        await _provider!.GenerateAsync(new("attributes", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await _provider.OpenWrapperAsync("attributes", default);
        var keys = TokenAdministration.ListKeys(Options).Where(k => k.Label == "attributes").ToList();
        Assert.Equal(2, keys.Count);
        Assert.All(keys, k => Assert.Equal(((bool?)true, (bool?)false, (bool?)true, (bool?)true), (k.Sensitive, k.Extractable, k.AlwaysSensitive, k.NeverExtractable)));
    }

    [Fact]
    public async Task FindWrapperAsync_KeyThatIsNotThere_IsNotMade()
    {
        Assert.Null(await _provider!.FindWrapperAsync("found-only", default));
        Assert.Null(await _provider.FindWrapperAsync("found-only", default));
        await _provider.OpenWrapperAsync("found-only", default);
        Assert.NotNull(await _provider.FindWrapperAsync("found-only", default));
    }

    [Fact]
    public async Task Wrapper_RoundTripAndTampering_OnlyTheUnchangedOpens()
    {
        var wrapper = await _provider!.OpenWrapperAsync("tls", default);
        var secret = RandomNumberGenerator.GetBytes(121);
        var wrapped = await wrapper.WrapAsync(secret, "tls key"u8.ToArray(), default);
        Assert.Equal(secret, await wrapper.UnwrapAsync(wrapped, "tls key"u8.ToArray(), default));
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped, "other key"u8.ToArray(), default));
        foreach (var at in (int[])[0, 12, wrapped.Length - 1])
        {
            var bad = (byte[])wrapped.Clone();
            bad[at] ^= 1;
            await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(bad, "tls key"u8.ToArray(), default));
        }

        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped.AsMemory(..20), "tls key"u8.ToArray(), default));
        Assert.True(_provider.IsHealthy);
    }

    [Fact]
    public async Task Diagnostics_HealthyToken_EveryStepIsOk()
    {
        var steps = await Pkcs11Diagnostics.RunAsync(Options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        Assert.Equal(["module", "slot", "mechanisms", "login", "sign"], steps.Select(s => s.Name));
        Assert.All(steps, s => Assert.True(s.Ok, $"{s.Name}: {s.Finding}"));
    }
}
