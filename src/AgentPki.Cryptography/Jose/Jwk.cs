using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// A JSON Web Key that is a public key (RFC 7517): EC on P-256 and P-384 and RSA (RFC 7518 §6), OKP with Ed25519 (RFC 8037 §2), AKP with ML-DSA (RFC 9964 §3).
/// It exists only with a good key inside.
/// </summary>
public sealed class Jwk
{
    private string? _thumbprint;

    internal Jwk(PublicKey key, JwsAlgorithm? algorithm) => (Key, Algorithm) = (key, algorithm);

    public PublicKey Key { get; }

    /// <summary>The algorithm that the key says it is for (RFC 7517 §4.4); null when it says none, which an AKP never does.</summary>
    public JwsAlgorithm? Algorithm { get; }

    /// <summary>Whether keys of that kind have a form as a JWK here.</summary>
    public static bool HasForm(KeyAlgorithm algorithm) => JwsAlgorithm.For(algorithm) is not null;

    /// <summary>The JWK of a key.</summary>
    /// <exception cref="ArgumentException">Keys of that kind have no such form (<see cref="HasForm"/>).</exception>
    public static Jwk Of(PublicKey key) => JwsAlgorithm.For(key.Algorithm) is { } algorithm
        ? new Jwk(key, key.Algorithm.Family == AlgorithmFamily.MlDsa ? algorithm : null)
        : throw new ArgumentException($"Keys of kind {key.Algorithm} have no JWK form here.", nameof(key));

    /// <summary>Reads a JWK; private and symmetric ones, other kinds, sizes and curves, and bad points are refused.</summary>
    /// <param name="json">UTF-8, one JSON object and nothing else.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out Jwk? jwk, [NotNullWhen(false)] out JoseError? error)
    {
        var members = default(JwkMembers);
        jwk = null;
        error = JwkMembers.Read(json, ref members);
        return error is null && members.TryMake(out jwk, out error);
    }

    /// <summary>The canonical form: the required members in the order of their names, no white space (RFC 7638 §3, RFC 8037 §2, RFC 9964 §6); UTF-8.</summary>
    public byte[] ToCanonicalJson() => JwkWriter.Write(Key);

    /// <summary>RFC 7638 §3 with SHA-256: base64url, 43 characters.</summary>
    public string Thumbprint() => _thumbprint ??= Base64Url.EncodeToString(SHA256.HashData(ToCanonicalJson()));

    /// <summary>The thumbprint, which is no secret.</summary>
    public override string ToString() => $"{Key.Algorithm} {Thumbprint()}";
}
