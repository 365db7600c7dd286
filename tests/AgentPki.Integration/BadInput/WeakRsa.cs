using System.Security.Cryptography;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;

namespace AgentPki.Integration.BadInput;

/// <summary>
/// RSA keys with known flaws, and their right PKCS#1 v1.5 signatures: what refuses them must see the flaw, not a broken signature.
/// Numbers are made afresh, so that no list of known keys can answer.
/// </summary>
internal sealed record WeakRsa(BigInteger Modulus, BigInteger Exponent, BigInteger PrivateExponent)
{
    private static readonly SecureRandom Source = new();

    /// <summary>Of any size, with two good primes.</summary>
    public static WeakRsa OfSize(int bits, int exponent = 65537) =>
        Find(() => FromPrimes(Prime(bits / 2), Prime(bits - (bits / 2)), exponent) is { } key && key.Modulus.BitLength == bits ? key : null);

    /// <summary>e = 1: the signature is the padded hash itself, and everybody can sign.</summary>
    public static WeakRsa ExponentOne() => OfSize(2048) with { Exponent = BigInteger.One, PrivateExponent = BigInteger.One };

    /// <summary>The primes differ in few bits: Fermat's method factors it at once.</summary>
    public static WeakRsa ClosePrimes() => Find(() =>
    {
        var p = Prime(1024);
        return FromPrimes(p, p.NextProbablePrime(), 65537);
    });

    /// <summary>One prime is tiny: trial division finds it.</summary>
    public static WeakRsa SmallFactor() => Find(() => FromPrimes(BigInteger.ValueOf(1009), Prime(2039), 65537));

    /// <summary>The Infineon generator's shape (ROCA, CVE-2017-15361): p = k·M + (65537^a mod M), M a product of many small primes.</summary>
    public static WeakRsa Roca()
    {
        var m = Enumerable.Range(1, 347).Select(half => (2 * half) + 1)
            .Where(number => !Enumerable.Range(2, 25).Any(divisor => divisor < number && number % divisor == 0))
            .Aggregate(BigInteger.One, (product, prime) => product.Multiply(BigInteger.ValueOf(prime))); // the odd primes below 700
        return Find(() => FromPrimes(RocaPrime(m), RocaPrime(m), 65537));
    }

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

    private static WeakRsa Find(Func<WeakRsa?> attempt)
    {
        WeakRsa? found;
        while ((found = attempt()) is null)
        {
        }

        return found;
    }

    // Null: the exponent has no inverse with these primes.
    private static WeakRsa? FromPrimes(BigInteger p, BigInteger q, int exponent)
    {
        var (e, phi) = (BigInteger.ValueOf(exponent), p.Subtract(BigInteger.One).Multiply(q.Subtract(BigInteger.One)));
        return phi.Gcd(e).Equals(BigInteger.One) ? new WeakRsa(p.Multiply(q), e, e.ModInverse(phi)) : null;
    }

    private static BigInteger Prime(int bits) => BigInteger.ProbablePrime(bits, Source);

    private static BigInteger RocaPrime(BigInteger m)
    {
        while (true)
        {
            var a = new BigInteger(256, Source);
            var k = new BigInteger(1024 - m.BitLength - 1, Source).SetBit(1024 - m.BitLength - 1);
            var candidate = k.Multiply(m).Add(BigInteger.ValueOf(65537).ModPow(a, m));
            candidate = candidate.TestBit(0) ? candidate : candidate.Add(m);
            if (candidate.IsProbablePrime(40))
            {
                return candidate;
            }
        }
    }
}
