using AgentPki.Cryptography;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The contract of key encapsulation on a token of PKCS#11 3.2.</summary>
[Collection("NSS")]
public sealed class NssEncapsulationTests(NssFixture nss) : KeyEncapsulationProviderContract, IAsyncLifetime
{
    private Pkcs11Provider? _provider;
    private Pkcs11Provider? _second;

    protected override IKeyEncapsulationProvider Provider => _provider!;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.MlKem512, KeyAlgorithm.MlKem768, KeyAlgorithm.MlKem1024];

    public async ValueTask InitializeAsync() => _provider = await nss.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _provider!.DisposeAsync();
        if (_second is not null)
        {
            await _second.DisposeAsync();
        }
    }

    protected override async Task<IKeyEncapsulationProvider?> ReopenAsync() => _second ??= await nss.OpenAsync();
}
