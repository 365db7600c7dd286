using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;

namespace AgentPki.Cryptography;

public sealed partial class PublicKey
{
    // NIST SP 800-131A: nothing smaller is acceptable any more; what is larger costs a verifier more than it gives.
    private const int SmallestRsa = 2048;
    private const int LargestRsa = 8192;

    /// <summary>Parses a DER SubjectPublicKeyInfo and checks the key inside (RFC 5280 §4.1.2.7).</summary>
    /// <param name="error">One sentence that names what is wrong: the algorithm, the point, the size.</param>
    public static bool TryParse(ReadOnlyMemory<byte> subjectPublicKeyInfo, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out string? error) =>
        TryParse(subjectPublicKeyInfo, KeyAlgorithm.All, out key, out error);

    /// <summary>As <see cref="TryParse(ReadOnlyMemory{byte}, out PublicKey?, out string?)"/>, for those who keep halves of composites: takes the kinds of <see cref="KeyAlgorithm.HalvesOnly"/> too.</summary>
    public static bool TryParseHalf(ReadOnlyMemory<byte> subjectPublicKeyInfo, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out string? error) =>
        TryParse(subjectPublicKeyInfo, KeyAlgorithm.AllWithHalves, out key, out error);

    /// <summary>As <see cref="TryParse(ReadOnlyMemory{byte}, out PublicKey?, out string?)"/>, for those who only verify with the key: takes <see cref="KeyAlgorithm.RsaOther"/> too.</summary>
    public static bool TryParseForVerification(ReadOnlyMemory<byte> subjectPublicKeyInfo, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out string? error) =>
        TryParse(subjectPublicKeyInfo, KeyAlgorithm.AllForVerification, out key, out error);

    private static bool TryParse(ReadOnlyMemory<byte> subjectPublicKeyInfo, IReadOnlyList<KeyAlgorithm> known, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out string? error)
    {
        key = null;
        try
        {
            var reader = new AsnReader(subjectPublicKeyInfo, AsnEncodingRules.DER);
            var spki = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            var identifier = spki.ReadEncodedValue();
            if (!spki.TryReadPrimitiveBitString(out var unused, out var bits) || unused != 0)
            {
                error = "The subjectPublicKey BIT STRING is not a whole number of octets.";
                return false;
            }

            spki.ThrowIfNotEmpty();
            var algorithm = Identify(identifier.Span, bits, known, out error);
            if (algorithm is null)
            {
                error ??= "The public key is of an unknown algorithm.";
                return false;
            }

            var offset = subjectPublicKeyInfo.Length - bits.Length;
            key = new PublicKey(algorithm, subjectPublicKeyInfo.ToArray(), offset);
            if (algorithm.Composite is not null && !key.TrySplit(out error))
            {
                key = null;
                return false;
            }

            error = null;
            return true;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            error = "The SubjectPublicKeyInfo is not valid DER.";
            return false;
        }
    }

    /// <summary>As <see cref="TryParse(ReadOnlyMemory{byte}, out PublicKey?, out string?)"/>, for keys that are known to be good.</summary>
    /// <exception cref="ArgumentException">The key is not valid; the message says why.</exception>
    public static PublicKey Parse(ReadOnlyMemory<byte> subjectPublicKeyInfo) =>
        TryParse(subjectPublicKeyInfo, out var key, out var error) ? key : throw new ArgumentException(error, nameof(subjectPublicKeyInfo));

    /// <summary>Modulus and public exponent as unsigned big-endian octets, where this is an RSA key (RFC 8017 §A.1.1).</summary>
    public bool TryGetRsaParameters(out ReadOnlyMemory<byte> modulus, out ReadOnlyMemory<byte> exponent)
    {
        (modulus, exponent) = (default, default);
        return Algorithm.Family == AlgorithmFamily.Rsa && ReadRsa(KeyBits, out modulus, out exponent);
    }

    private static KeyAlgorithm? Identify(ReadOnlySpan<byte> identifier, ReadOnlyMemory<byte> bits, IReadOnlyList<KeyAlgorithm> known, out string? error)
    {
        error = null;
        foreach (var candidate in known)
        {
            if (!identifier.SequenceEqual(candidate.AlgorithmIdentifier.Span))
            {
                continue;
            }

            if (candidate.Family == AlgorithmFamily.Rsa)
            {
                return IdentifyRsa(bits, takesOther: known.Contains(KeyAlgorithm.RsaOther), out error);
            }

            error = CheckKeyBits(candidate, bits);
            return error is null ? candidate : null;
        }

        var oid = new AsnReader(identifier.ToArray(), AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier();
        error = oid == KeyAlgorithm.EcdsaP256.Oid
            ? "The elliptic curve is not one of P-256 and P-384, or its parameters are not a named curve."
            : UnknownAlgorithm.Describe(identifier, "public key algorithm");
        return null;
    }

    /// <summary>Null when the octets are a key of that kind, else one sentence saying what is wrong with them.</summary>
    private static string? CheckKeyBits(KeyAlgorithm algorithm, ReadOnlyMemory<byte> bits)
    {
        if (algorithm.Family == AlgorithmFamily.Ecdsa)
        {
            return CurvePoint.Check(algorithm, bits.Span);
        }

        if (algorithm.PublicKeySize != 0 && bits.Length != algorithm.PublicKeySize)
        {
            return $"A public key of kind {algorithm} is {algorithm.PublicKeySize} octets, not {bits.Length}.";
        }

        return algorithm.Family switch
        {
            AlgorithmFamily.MlKem => EncapsulationKey.Check(algorithm, bits.Span),
            AlgorithmFamily.EdDsa => EdwardsPoint.Check(algorithm, bits.Span),
            _ => null,
        };
    }

    private static KeyAlgorithm? IdentifyRsa(ReadOnlyMemory<byte> bits, bool takesOther, out string? error)
    {
        if (!ReadRsa(bits, out var modulus, out _))
        {
            error = "The RSA public key is not a SEQUENCE of two positive INTEGERs.";
            return null;
        }

        var size = (int)new BigInteger(modulus.Span, isUnsigned: true, isBigEndian: true).GetBitLength();
        var found = KeyAlgorithm.All.FirstOrDefault(a => a.Family == AlgorithmFamily.Rsa && a.SizeBits == size);
        if (found is null && takesOther && size is >= SmallestRsa and <= LargestRsa)
        {
            found = KeyAlgorithm.RsaOther;
        }

        error = found is not null ? null
            : takesOther ? $"RSA keys have {SmallestRsa} to {LargestRsa} bits here, not {size}."
            : $"RSA keys have 2048, 3072 or 4096 bits here, not {size}.";
        return found;
    }

    private static bool ReadRsa(ReadOnlyMemory<byte> bits, out ReadOnlyMemory<byte> modulus, out ReadOnlyMemory<byte> exponent)
    {
        var outer = new AsnReader(bits, AsnEncodingRules.DER);
        var inner = outer.ReadSequence();
        modulus = Unsigned(inner.ReadIntegerBytes());
        exponent = Unsigned(inner.ReadIntegerBytes());
        inner.ThrowIfNotEmpty();
        outer.ThrowIfNotEmpty();
        return !modulus.IsEmpty && !exponent.IsEmpty;
    }

    private static ReadOnlyMemory<byte> Unsigned(ReadOnlyMemory<byte> integer) =>
        integer.Span[0] >= 0x80 ? default : integer.Span[0] == 0 ? integer[1..] : integer;
}
