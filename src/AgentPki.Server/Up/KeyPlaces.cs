using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Composite;

namespace AgentPki.Server.Up;

/// <summary>Where a key of the ceremony lives, in words: never better than it is.</summary>
internal static class KeyPlaces
{
    internal static string Describe(CeremonyKey key, CryptoProviders providers) => providers.Find(key.Reference.Provider) is CompositeProvider composite && composite.KeepersOf(key.Algorithm) is { } halves
        ? halves.MlDsa.Name == halves.Traditional.Name
            ? Describe(halves.MlDsa.Name, key.Protection)
            : $"in two halves: {key.Algorithm.Composite?.MlDsa} {Describe(halves.MlDsa.Name, halves.MlDsa.Protection)}, {key.Algorithm.Composite?.Traditional} {Describe(halves.Traditional.Name, halves.Traditional.Protection)}"
        : Describe(key.Reference.Provider, key.Protection);

    private static string Describe(string provider, KeyProtection protection) => protection switch
    {
        KeyProtection.Token => $"generated in the token {provider["pkcs11:".Length..]}, never to leave it",
        KeyProtection.TokenWrapped => "token-wrapped (no token here has the algorithm; by leave of the development ceremony): in memory while it signs",
        KeyProtection.Software => "in software: for development only",
    };
}
