using System.Security.Cryptography;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;

namespace AgentPki.Integration.BadInput;

/// <summary>
/// RSA keys with known flaws, and their right PKCS#1 v1.5 signatures: what refuses them must see the flaw, not a broken signature.
/// Each is made afresh once a run, so that no list of known keys can answer.
/// </summary>
internal sealed record WeakRsa(BigInteger Modulus, BigInteger Exponent, BigInteger PrivateExponent)
{
    private const int Bits = 3072; // a size that every profile takes: only the flaw is left to refuse
    private static readonly SecureRandom Source = new();

    public static Lazy<WeakRsa> Bits512 { get; } = new(() => OfSize(512));

    public static Lazy<WeakRsa> Bits1024 { get; } = new(() => OfSize(1024));

    public static Lazy<WeakRsa> Bits2047 { get; } = new(() => Find(() => FromPrimes(Primes(2048).P, BigInteger.ProbablePrime(1023, Source), 65537)));

    public static Lazy<WeakRsa> ExponentThree { get; } = new(() => OfSize(Bits, 3));

    /// <summary>e = 1: the signature is the padded hash itself, and everybody can sign.</summary>
    public static Lazy<WeakRsa> ExponentOne { get; } = new(() => OfSize(Bits) with { Exponent = BigInteger.One, PrivateExponent = BigInteger.One });

    /// <summary>No private key fits an even exponent; the signature cannot be right.</summary>
    public static Lazy<WeakRsa> ExponentEven { get; } = new(() => OfSize(Bits) with { Exponent = BigInteger.ValueOf(65536) });

    /// <summary>The primes differ in few bits: Fermat's method factors it at once.</summary>
    public static Lazy<WeakRsa> ClosePrimes { get; } = new(() => Find(() => Primes(Bits).P is var p ? FromPrimes(p, p.NextProbablePrime(), 65537) : null));

    /// <summary>One of three primes is tiny: trial division finds it.</summary>
    public static Lazy<WeakRsa> SmallFactor { get; } = new(() => Find(() => Primes(Bits - 8) is var (p, q) ? FromPrimes(p, q, 65537, BigInteger.ValueOf(251)) : null));

    /// <summary>The Infineon generator's shape (ROCA, CVE-2017-15361): p = k·M + (65537^a mod M), M a product of many small primes.</summary>
    public static Lazy<WeakRsa> Roca { get; } = new(() =>
    {
        var m = Enumerable.Range(1, 347).Select(half => (2 * half) + 1)
            .Where(number => !Enumerable.Range(2, 25).Any(divisor => divisor < number && number % divisor == 0))
            .Aggregate(BigInteger.One, (product, prime) => product.Multiply(BigInteger.ValueOf(prime))); // the odd primes below 700
        return Find(() => FromPrimes(RocaPrime(m), RocaPrime(m), 65537));
    });

    public byte[] Spki()
    {
        var key = Der.Sequence(Der.Integer(Modulus.ToByteArray()), Der.Integer(Exponent.ToByteArray()));
        return Der.Sequence(Der.Algorithm("1.2.840.113549.1.1.1", Der.Null), Der.BitString(key));
    }

    /// <summary>RFC 8017 §8.2.1, with SHA-256.</summary>
    public byte[] Sign(byte[] data)
    {
        var size = (Modulus.BitLength + 7) / 8;
        var digestInfo = Der.Sequence(Der.Algorithm("2.16.840.1.101.3.4.2.1", Der.Null), Der.OctetString(SHA256.HashData(data)));
        byte[] padded = [0, 1, .. Enumerable.Repeat((byte)0xFF, size - digestInfo.Length - 3), 0, .. digestInfo];
        var signature = new BigInteger(1, padded).ModPow(PrivateExponent, Modulus).ToByteArrayUnsigned();
        return [.. new byte[size - signature.Length], .. signature];
    }

    /// <summary>A right request in everything but its key.</summary>
    public RawCsr Request() => RawCsr.New() with
    {
        Spki = Spki(),
        SignatureAlgorithm = Der.Algorithm("1.2.840.113549.1.1.11", Der.Null),
        Sign = Sign,
    };

    private static WeakRsa OfSize(int bits, int exponent = 65537) => Find(() => Primes(bits) is var (p, q) ? FromPrimes(p, q, exponent) : null);

    private static WeakRsa Find(Func<WeakRsa?> attempt)
    {
        WeakRsa? found;
        while ((found = attempt()) is null)
        {
        }

        return found;
    }

    // Null: the exponent has no inverse with these primes.
    private static WeakRsa? FromPrimes(BigInteger p, BigInteger q, int exponent, BigInteger? third = null)
    {
        var e = BigInteger.ValueOf(exponent);
        var (modulus, phi) = (p.Multiply(q), p.Subtract(BigInteger.One).Multiply(q.Subtract(BigInteger.One)));
        if (third is not null)
        {
            (modulus, phi) = (modulus.Multiply(third), phi.Multiply(third.Subtract(BigInteger.One)));
        }

        return phi.Gcd(e).Equals(BigInteger.One) ? new WeakRsa(modulus, e, e.ModInverse(phi)) : null;
    }

    // OpenSSL finds primes faster than BouncyCastle; their two highest bits are set, so that a product has the full size.
    private static (BigInteger P, BigInteger Q) Primes(int bits)
    {
        using var rsa = RSA.Create(bits);
        var parameters = rsa.ExportParameters(true);
        return (new BigInteger(1, parameters.P), new BigInteger(1, parameters.Q));
    }

    // In the highest quarter of its size, so that a product has the full size.
    private static BigInteger RocaPrime(BigInteger m)
    {
        var highest = BigInteger.One.ShiftLeft(Bits / 2).Divide(m).Subtract(BigInteger.Two);
        while (true)
        {
            var k = highest.Subtract(new BigInteger(highest.BitLength - 3, Source));
            var candidate = k.Multiply(m).Add(BigInteger.ValueOf(65537).ModPow(new BigInteger(256, Source), m));
            candidate = candidate.TestBit(0) ? candidate : candidate.Add(m);
            if (candidate.IsProbablePrime(20))
            {
                return candidate;
            }
        }
    }
}
