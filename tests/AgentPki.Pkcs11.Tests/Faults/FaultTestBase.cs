using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>One collection: the faults belong to the one module of the process.</summary>
[Collection("faulty module")]
public abstract class FaultTestBase(FaultyModule module) : IAsyncLifetime
{
    private static readonly PlatformProvider Verifier = new();
    private readonly List<Pkcs11Provider> _open = [];

    protected FaultyModule Module => module;

    protected static byte[] Message => "what is signed"u8.ToArray();

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        module.Reset();
        foreach (var provider in _open)
        {
            await provider.DisposeAsync();
        }

        Assert.Equal(0, module.Violations);
        GC.SuppressFinalize(this);
    }

    protected async Task<Pkcs11Provider> OpenAsync(Pkcs11Options options)
    {
        var provider = await FaultyModule.OpenAsync(options);
        _open.Add(provider);
        return provider;
    }

    /// <summary>A provider on a fresh token and a key in it.</summary>
    protected async Task<(Pkcs11Provider Provider, ISigningKey Key)> KeyAsync(Pkcs11Options options)
    {
        var provider = await OpenAsync(options);
        return (provider, await provider.GenerateAsync(new("key", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel));
    }

    protected static async Task AssertSigns(ISigningKey key)
    {
        var signature = await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel);
        Assert.True(Verifier.Verify(key.PublicKey, SignatureAlgorithm.EcdsaSha256, Message, signature));
    }

    protected static Task<KeyUnavailableException> AssertUnavailable(ISigningKey key) =>
        Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel));
}
