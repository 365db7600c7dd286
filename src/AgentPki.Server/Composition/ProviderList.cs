using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Wrapped;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>
/// The crypto providers of the appliance in order of preference, written out: a new provider is one line here. Tokens make and keep keys; verification
/// needs no hardware and is faster without.
/// </summary>
internal static class ProviderList
{
    /// <summary>For an appliance with its tokens.</summary>
    /// <param name="wrapped">Null where nothing is wrapped.</param>
    internal static CryptoProviders Of(OpenTokens tokens, TokenWrappedProvider? wrapped) =>
        WithComposites([.. tokens.All.Select(tokens.KeeperOf), .. wrapped is null ? Array.Empty<ICryptoProvider>() : [wrapped]], new PlatformProvider(), new BouncyCastleProvider());

    /// <summary>Keys of algorithms that no token has, encrypted under a key of one.</summary>
    internal static TokenWrappedProvider Wrapped(ApplianceHome home, Pkcs11Provider token, IKeyWrapper wrapper, TimeProvider clock) =>
        new(wrapper, token, new TokenWrappedOptions { Folder = home.WrappedKeys }, clock);

    /// <summary>What needs no token: for verifying, and for keys of subjects.</summary>
    internal static CryptoProviders SoftwareOnly { get; } = WithComposites([], new PlatformProvider(), new BouncyCastleProvider());

    /// <summary>Composites are made of keys of the others: the best kept first, software for halves that are only verified.</summary>
    private static CryptoProviders WithComposites(ICryptoProvider[] keepers, params ICryptoProvider[] software) =>
        new([.. keepers, new CompositeProvider([.. keepers, .. software]), .. software]);
}
