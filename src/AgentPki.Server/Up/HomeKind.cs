using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Up;

/// <summary>What kind of keys a development home is made for: its CAs, and what its agents are asked to make. OCSP, CRL and CMS follow the CA.</summary>
/// <param name="Name">As it stands in the configuration: the name of the issuing CA's key algorithm.</param>
internal sealed record HomeKind(string Name, KeyAlgorithm Root, KeyAlgorithm Issuing)
{
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["composite"] = KeyAlgorithm.MlDsa65EcdsaP256.Name,
        ["slh-dsa"] = KeyAlgorithm.SlhDsaSha2Small128.Name,
        ["ml-dsa"] = KeyAlgorithm.MlDsa65.Name,
    };

    /// <summary>ECDSA, as homes were made before there was a choice.</summary>
    internal static HomeKind Classical { get; } = Of(KeyAlgorithm.EcdsaP256);

    /// <summary>The names that <see cref="Parse"/> takes.</summary>
    internal static string Names => string.Join(", ", ShortNames.Keys.Concat(KeyAlgorithm.All.Where(IsCaKey).Select(a => a.Name)));

    /// <summary>Whether a token with ML-DSA is of use.</summary>
    internal bool WantsLatticeToken => Parts(Issuing).Concat(Parts(Root)).Any(a => a.Family == AlgorithmFamily.MlDsa);

    /// <summary>The kind of key that goes first in a default profile, told by its text; null: as it stands there.</summary>
    /// <remarks>TLS and CMS have ML-DSA among the post-quantum kinds here (draft-ietf-tls-mldsa, RFC 9882); for other homes they stay classical.</remarks>
    internal KeyAlgorithm? PreferredIn(string profile)
    {
        var isNarrow = profile.Contains("use: tls-server", StringComparison.Ordinal) || profile.Contains("use: cms-signer", StringComparison.Ordinal);
        if (profile.Contains("keyEncipherment", StringComparison.Ordinal))
        {
            return null; // for keys that sign nothing
        }

        return isNarrow && Issuing.Family != AlgorithmFamily.MlDsa ? null : Issuing;
    }

    /// <exception cref="CommandException">There is no such profile.</exception>
    internal static HomeKind Parse(string name) =>
        KeyAlgorithm.Find(ShortNames.GetValueOrDefault(name, name)) is { } algorithm && IsCaKey(algorithm)
            ? Of(algorithm)
            : throw new CommandException(ExitCodes.Usage, $"--profile: '{name}' is no kind of key that a CA can have.", $"Choose one of {Names}.");

    /// <summary>The ceremony that makes such CAs.</summary>
    internal CeremonyOptions Apply(CeremonyOptions options) => options with
    {
        Root = options.Root with { KeyAlgorithm = Root, Signature = null },
        Issuing = options.Issuing with { KeyAlgorithm = Issuing, Signature = null },
    };

    private static HomeKind Of(KeyAlgorithm issuing) => new(issuing.Name, RootFor(issuing), issuing);

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
