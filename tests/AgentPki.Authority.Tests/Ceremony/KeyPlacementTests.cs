using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

public sealed class KeyPlacementTests
{
    private static readonly CryptoProviders Providers = new(
        new Keeper("soft", KeyProtection.Software, KeyAlgorithm.EcdsaP256, KeyAlgorithm.MlDsa65, KeyAlgorithm.SlhDsaSha2Small128),
        new Keeper("first", KeyProtection.Token, KeyAlgorithm.EcdsaP256),
        new Keeper("second", KeyProtection.Token, KeyAlgorithm.EcdsaP256, KeyAlgorithm.MlDsa65),
        new Keeper("wrapped", KeyProtection.TokenWrapped, KeyAlgorithm.MlDsa65, KeyAlgorithm.SlhDsaSha2Small128));

    [Fact]
    public void Find_SeveralCan_TakesTheBestKeptThenTheFirst()
    {
        Assert.Equal("first", KeyPlacement.AllowSoftware.Find(Providers, [KeyAlgorithm.EcdsaP256])?.Provider.Name);
        Assert.Equal("second", KeyPlacement.AllowSoftware.Find(Providers, [KeyAlgorithm.MlDsa65])?.Provider.Name);
    }

    [Fact]
    public void Find_NoTokenHasIt_WantsLeave()
    {
        KeyAlgorithm[] wanted = [KeyAlgorithm.SlhDsaSha2Small128];

        Assert.Null(KeyPlacement.TokenOnly.Find(Providers, wanted));
        Assert.Contains("--allow-token-wrapped", KeyPlacement.TokenOnly.Explain(Providers, wanted), StringComparison.Ordinal);
        Assert.Equal("wrapped", KeyPlacement.AllowTokenWrapped.Find(Providers, wanted)?.Provider.Name);
    }

    [Fact]
    public void Find_FirstChoiceCannotBeHad_TakesTheNext()
    {
        var found = KeyPlacement.TokenOnly.Find(Providers, [KeyAlgorithm.SlhDsaSha2Small128, KeyAlgorithm.MlDsa65]);

        Assert.Equal(("second", KeyAlgorithm.MlDsa65), (found?.Provider.Name, found?.Algorithm));
    }

    [Fact]
    public void Explain_OnlySoftwareHasIt_NamesNoLeave()
    {
        var providers = new CryptoProviders(new Keeper("soft", KeyProtection.Software, KeyAlgorithm.MlDsa44));

        var words = KeyPlacement.AllowTokenWrapped.Explain(providers, [KeyAlgorithm.MlDsa44]);

        Assert.Contains("software", words, StringComparison.Ordinal);
        Assert.DoesNotContain("--allow", words, StringComparison.Ordinal);
    }

    private sealed class Keeper(string name, KeyProtection protection, params KeyAlgorithm[] algorithms) : ICryptoProvider
    {
        public string Name => name;

        public KeyProtection Protection => protection;

        public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => algorithms.Contains(algorithm) ? KeyCapabilities.Generate | KeyCapabilities.Sign : KeyCapabilities.None;

        public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) => throw new NotSupportedException();

        public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => false;
    }
}
