using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Cryptography;

public sealed partial class PublicKey
{
    private PublicKey? _mlDsaHalf;
    private PublicKey? _traditionalHalf;

    /// <summary>
    /// The two keys that a composite consists of (draft-ietf-lamps-pq-composite-sigs-19 §4.1): the ML-DSA key's octets, then the traditional key as its
    /// own standard encodes it: an RSAPublicKey (RFC 8017 §A.1.1), an uncompressed point (SEC 1 §2.3.3), or an EdDSA key (RFC 8032).
    /// </summary>
    public bool TryGetHalves([NotNullWhen(true)] out PublicKey? mlDsa, [NotNullWhen(true)] out PublicKey? traditional)
    {
        (mlDsa, traditional) = (_mlDsaHalf, _traditionalHalf);
        return mlDsa is not null && traditional is not null;
    }

    /// <summary>The composite of two keys.</summary>
    /// <exception cref="ArgumentException">The halves are not of the composite's kinds.</exception>
    public static PublicKey Combine(KeyAlgorithm composite, PublicKey mlDsa, PublicKey traditional)
    {
        if (composite.Composite is not { } parts || mlDsa.Algorithm != parts.MlDsa || traditional.Algorithm != parts.Traditional)
        {
            throw new ArgumentException($"Keys of {mlDsa.Algorithm} and {traditional.Algorithm} make no {composite} key.", nameof(composite));
        }

        return FromKeyBits(composite, [.. mlDsa.KeyBits.Span, .. traditional.KeyBits.Span]);
    }

    /// <summary>As <see cref="TryParseHalf"/>, for keys that are known to be good.</summary>
    /// <exception cref="ArgumentException">The key is not valid; the message says why.</exception>
    internal static PublicKey ParseHalf(ReadOnlyMemory<byte> subjectPublicKeyInfo) =>
        TryParseHalf(subjectPublicKeyInfo, out var key, out var error) ? key : throw new ArgumentException(error, nameof(subjectPublicKeyInfo));

    private bool TrySplit([NotNullWhen(false)] out string? error)
    {
        error = null;
        if (Algorithm.Composite is not { } parts)
        {
            return true;
        }

        var size = parts.MlDsa.PublicKeySize;
        if (KeyBits.Length <= size)
        {
            error = $"A public key of kind {Algorithm} is longer than its ML-DSA half of {size} octets, not {KeyBits.Length}.";
            return false;
        }

        if (!TryParseHalf(Encode(parts.MlDsa, KeyBits.Span[..size]), out _mlDsaHalf, out error) || !TryParseHalf(Encode(parts.Traditional, KeyBits.Span[size..]), out _traditionalHalf, out error))
        {
            error = $"Half of the {Algorithm} key is not valid: {error}";
            return false;
        }

        // The size of an RSA modulus is part of the composite's name and not of its encoding.
        error = _traditionalHalf.Algorithm == parts.Traditional ? null : $"The traditional half of a {Algorithm} key is {parts.Traditional}, not {_traditionalHalf.Algorithm}.";
        return error is null;
    }
}
