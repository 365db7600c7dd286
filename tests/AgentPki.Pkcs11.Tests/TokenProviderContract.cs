using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The provider contract on a token, and what each token here does besides: wraps secrets, and passes its own diagnosis.</summary>
public abstract class TokenProviderContract : CryptoProviderContract, IAsyncLifetime
{
    private Pkcs11Provider? _token;
    private Pkcs11Provider? _second;

    protected abstract Pkcs11Options Options { get; }

    protected Pkcs11Provider Token => _token!;

    protected sealed override ICryptoProvider Provider => Token;

    public async ValueTask InitializeAsync() => _token = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await Token.DisposeAsync();
        if (_second is not null)
        {
            await _second.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    protected sealed override async Task<ICryptoProvider?> ReopenAsync() => _second ??= await OpenAsync();

    [Fact]
    public async Task GenerateAsync_PublicHalfLeftByAPowerCut_MakesAWholeKey()
    {
        await using (await Token.GenerateAsync(new("half-left", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default))
        {
            Assert.True(TokenPeek.At(Options, peek => peek.Destroy(peek.PrivateKey("half-left"))));
        }

        await using var made = await Token.GenerateAsync(new("half-left", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await using var found = await Token.OpenAsync("half-left", default);
        Assert.Equal(made.PublicKey, found?.PublicKey);
    }

    [Fact]
    public async Task Wrapper_RoundTripAndTampering_OnlyTheUnchangedOpens()
    {
        var wrapper = await Token.OpenWrapperAsync("tls", default);
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
        Assert.True(Token.IsHealthy);
    }

    [Fact]
    public async Task Diagnostics_HealthyToken_EveryStepIsOk()
    {
        var steps = await Pkcs11Diagnostics.RunAsync(Options, TimeProvider.System, NullLoggerFactory.Instance, default);
        Assert.Equal(["module", "slot", "mechanisms", "login", "sign"], steps.Select(s => s.Name));
        Assert.All(steps, s => Assert.True(s.Ok, $"{s.Name}: {s.Finding}"));
    }

    private ValueTask<Pkcs11Provider> OpenAsync() => Pkcs11Provider.OpenAsync(Options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);
}
