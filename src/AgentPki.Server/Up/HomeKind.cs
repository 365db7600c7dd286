using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Up;

/// <summary>What kind of keys a development home is made for: its CAs, and what its agents are asked to make. OCSP, CRL and CMS follow the CA.</summary>
/// <param name="Name">As it stands in the configuration: the issuing CA's key or keys.</param>
internal sealed record HomeKind(string Name, KeyKind Root, KeyKind Issuing)
{
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["composite"] = KeyAlgorithm.MlDsa65EcdsaP256.Name,
        ["slh-dsa"] = KeyAlgorithm.SlhDsaSha2Small128.Name,
        ["catalyst"] = new KeyKind(KeyAlgorithm.EcdsaP256, KeyAlgorithm.MlDsa65).ToString(),
        ["ml-dsa"] = KeyAlgorithm.MlDsa65.Name,
    };

    /// <summary>ECDSA, as homes were made before there was a choice.</summary>
    internal static HomeKind Classical { get; } = Of(new KeyKind(KeyAlgorithm.EcdsaP256));

    /// <summary>The names that <see cref="Parse"/> takes.</summary>
    internal static string Names => string.Join(", ", ShortNames.Keys.Concat(KeyAlgorithm.All.Where(IsCaKey).Select(a => a.Name))) + ", or two keys as 'catalyst ecdsa-p256 + ml-dsa-65'";

    /// <summary>Whether a token with ML-DSA is of use.</summary>
    internal bool WantsLatticeToken => new[] { Issuing.Key, Issuing.Alternative, Root.Key, Root.Alternative }.OfType<KeyAlgorithm>().SelectMany(Parts).Any(a => a.Family == AlgorithmFamily.MlDsa);

    /// <summary>The kind of key or pair that goes first in a default profile, told by its text; null: as it stands there.</summary>
    /// <remarks>
    /// The appliance itself has one key for each use. TLS has ML-DSA among the post-quantum kinds (draft-ietf-tls-mldsa), CMS all of them (RFC 9882, RFC 9814, composites by their draft);
    /// where the CA's first key is another, they stay as they stand.
    /// </remarks>
    internal string? PreferredIn(string profile)
    {
        if (profile.Contains("keyEncipherment", StringComparison.Ordinal))
        {
            return null; // for keys that sign nothing
        }

        if (profile.Contains("use: tls-server", StringComparison.Ordinal))
        {
            return Issuing.Key.Family == AlgorithmFamily.MlDsa ? Issuing.Key.Name : null;
        }

        if (profile.Contains("use: administrator", StringComparison.Ordinal))
        {
            return null; // what people's tools and TLS have
        }

        if (profile.Contains("use: cms-signer", StringComparison.Ordinal))
        {
            return Issuing.Key.IsQuantumSafe ? Issuing.Key.Name : null;
        }

        if (profile.Contains("use: access-tokens", StringComparison.Ordinal) || profile.Contains("use: jwt-svid", StringComparison.Ordinal))
        {
            return null; // what stock clients verify, and for SVIDs all that the standard has: ES256
        }

        if (profile.Contains("use: revocation-feed", StringComparison.Ordinal))
        {
            // What JOSE knows (RFC 9964); of a composite the half that holds against quantum computers.
            var key = Issuing.Key.Composite?.MlDsa ?? Issuing.Key;
            return key.IsQuantumSafe && JwsAlgorithm.For(key) is not null ? key.Name : null;
        }

        return profile.Contains("use: ocsp-responder", StringComparison.Ordinal) ? Issuing.Key.Name : Issuing.ToString();
    }

    /// <exception cref="CommandException">There is no such profile.</exception>
    internal static HomeKind Parse(string name) =>
        KeyKind.TryParse(ShortNames.GetValueOrDefault(name, name), out var keys, out _) && IsCaKey(keys.Key) && (keys.Alternative is null || IsCaKey(keys.Alternative))
            ? Of(keys)
            : throw new CommandException(ExitCodes.Usage, $"--profile: '{name}' is no kind of key that a CA can have.", $"Choose one of {Names}.");

    /// <summary>The ceremony that makes such CAs.</summary>
    internal CeremonyOptions Apply(CeremonyOptions options) => options with
    {
        Root = options.Root.With(Root),
        Issuing = options.Issuing.With(Issuing),
    };

    private static HomeKind Of(KeyKind issuing)
    {
        var root = new KeyKind(RootFor(issuing.Key), issuing.Alternative is { } alternative ? RootFor(alternative) : null);
        return new HomeKind(issuing.ToString(), root.Key == root.Alternative ? issuing : root, issuing);
    }

    private static bool IsCaKey(KeyAlgorithm algorithm) => algorithm.CanSign && algorithm != KeyAlgorithm.Rsa2048;

    // A root lives longer than what it signs: one step stronger, where there is one.
    private static KeyAlgorithm RootFor(KeyAlgorithm issuing) =>
        issuing == KeyAlgorithm.EcdsaP256 || issuing == KeyAlgorithm.Ed25519 ? KeyAlgorithm.EcdsaP384
        : issuing == KeyAlgorithm.Rsa3072 ? KeyAlgorithm.Rsa4096
        : issuing.Family == AlgorithmFamily.MlDsa ? KeyAlgorithm.MlDsa87
        : issuing == KeyAlgorithm.MlDsa65EcdsaP256 || issuing == KeyAlgorithm.MlDsa65EcdsaP384 ? KeyAlgorithm.MlDsa87EcdsaP384
        : issuing;

    private static IEnumerable<KeyAlgorithm> Parts(KeyAlgorithm algorithm) => algorithm.Composite is { } parts ? [parts.MlDsa, parts.Traditional] : [algorithm];
}
