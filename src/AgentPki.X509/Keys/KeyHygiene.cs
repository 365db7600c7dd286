using System.Numerics;
using AgentPki.Cryptography;

namespace AgentPki.X509.Keys;

/// <summary>
/// Refuses public keys that are valid by form and broken in fact. For elliptic-curve keys there is nothing to do beyond the checks of
/// <see cref="PublicKey"/> and the list of known keys, nor for ML-DSA, SLH-DSA and ML-KEM; for RSA it costs some tens of microseconds. Of a composite, both halves are
/// looked at: one that is broken makes it no better than the other alone.
/// </summary>
public static class KeyHygiene
{
    // CA/B BR §6.1.6.1, NIST SP 800-56B: 2^16 < e < 2^256.
    private static readonly BigInteger SmallestExponent = 65537;
    private const int ExponentBits = 256;

    // Boulder's bound: enough for every broken generator seen in the wild (CVE-2022-26320), cheap enough for every request.
    private const int FermatRounds = 100;

    /// <summary>The product of the odd primes below 752; one division and one gcd find any of them in a modulus.</summary>
    private static readonly BigInteger SmallPrimes = Enumerable.Range(3, 749).Where(IsPrime).Aggregate(BigInteger.One, (product, prime) => product * prime);

    /// <summary>Null when the key is fit for use; else one sentence that says what is wrong, safe to show to whoever sent it.</summary>
    public static string? Check(PublicKey key) => Check(key, KnownKeys.BuiltIn);

    /// <summary>The same against a larger list of keys whose private half is known (debian-weak keys, for example).</summary>
    public static string? Check(PublicKey key, KnownKeys knownKeys)
    {
        if (knownKeys.Contains(key))
        {
            return "The private key of this public key is known to the public.";
        }

        if (key.TryGetHalves(out var mlDsa, out var traditional))
        {
            return (Check(mlDsa, knownKeys) ?? Check(traditional, knownKeys)) is { } weak ? $"Half of the {key.Algorithm} key is not fit for use. {weak}" : null;
        }

        return key.TryGetRsaParameters(out var modulus, out var exponent)
            ? CheckRsa(new BigInteger(modulus.Span, isUnsigned: true, isBigEndian: true), new BigInteger(exponent.Span, isUnsigned: true, isBigEndian: true))
            : null;
    }

    internal static string? CheckRsa(BigInteger modulus, BigInteger exponent)
    {
        if (exponent.IsEven || exponent < SmallestExponent || exponent.GetBitLength() > ExponentBits)
        {
            return "The RSA exponent is not an odd number from 65537 to 2^256.";
        }

        if (modulus.IsEven || !BigInteger.GreatestCommonDivisor(modulus % SmallPrimes, SmallPrimes).IsOne)
        {
            return "The RSA modulus has a small factor.";
        }

        if (RocaFingerprint.Matches(modulus))
        {
            return "The RSA modulus has the fingerprint of the ROCA vulnerability (CVE-2017-15361): its generator makes keys that can be factored.";
        }

        return HasClosePrimes(modulus) ? "The RSA modulus is the product of two primes so close that Fermat's method factors it (CVE-2022-26320)." : null;
    }

    // Fermat: n = a² − b² with a near √n. Each round tries the next a.
    private static bool HasClosePrimes(BigInteger modulus)
    {
        var root = SquareRoot(modulus);
        if (root * root == modulus)
        {
            return true;
        }

        var a = root + 1;
        var difference = a * a - modulus;
        for (var round = 0; round < FermatRounds; round++)
        {
            if (IsSquare(difference))
            {
                return true;
            }

            difference += 2 * a + 1;
            a++;
        }

        return false;
    }

    private static bool IsSquare(BigInteger value)
    {
        // Squares are 0, 1, 4 or 9 modulo 16, and 0, 1, 3, 4, 5 or 9 modulo 11: nine in ten candidates end here.
        if ((int)(value & 15) is not (0 or 1 or 4 or 9) || (int)(value % 11) is not (0 or 1 or 3 or 4 or 5 or 9))
        {
            return false;
        }

        var root = SquareRoot(value);
        return root * root == value;
    }

    /// <summary>⌊√value⌋ by Newton's method from above.</summary>
    internal static BigInteger SquareRoot(BigInteger value)
    {
        if (value.IsZero)
        {
            return value;
        }

        var x = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (x + value / x) >> 1;
            if (next >= x)
            {
                return x;
            }

            x = next;
        }
    }

    private static bool IsPrime(int number)
    {
        for (var divisor = 2; divisor * divisor <= number; divisor++)
        {
            if (number % divisor == 0)
            {
                return false;
            }
        }

        return true;
    }
}
