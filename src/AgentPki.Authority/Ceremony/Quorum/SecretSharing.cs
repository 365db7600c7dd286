using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>One point of each octet's polynomial.</summary>
/// <param name="Number">x, 1 to 255.</param>
/// <param name="Value">y of each octet of the secret, in memory that the collector does not move. Whoever takes it zeroizes it.</param>
public sealed record SecretShare(byte Number, byte[] Value);

/// <summary>
/// Shamir's secret sharing over GF(256) as OASIS SAM Threshold Sharing Schemes 1.0 (2022-03-09) has it, whose field (x^8+x^4+x^3+x+1) and shares are those of
/// draft-mcgrew-tss-03. Any <c>threshold</c> shares give the secret, fewer say nothing about it. There is no library for it among those of this project:
/// this is the smallest implementation there can be, without tables, so that no look-up depends on a secret.
/// </summary>
/// <remarks>It does not notice a wrong share: <see cref="SealedSecret"/> puts a digest into what is shared.</remarks>
public static class SecretSharing
{
    /// <summary>The most shares; one octet numbers them, and 0 is the secret's own place.</summary>
    public const int MaximumShares = 255;

    /// <summary>Splits a secret of at least one octet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 2 ≤ threshold ≤ count ≤ 255: a threshold of one is a copy for everybody.</exception>
    public static IReadOnlyList<SecretShare> Split(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(secret.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaximumShares);
        using var memory = new PinnedMemory((threshold - 1) * secret.Length);
        var coefficients = memory.GetSpan();
        RandomNumberGenerator.Fill(coefficients);
        return Split(secret, coefficients, count);
    }

    /// <summary>As <see cref="Split(ReadOnlySpan{byte}, int, int)"/> with the coefficients given: those of x first, one for each octet of the secret, then those of x².</summary>
    internal static IReadOnlyList<SecretShare> Split(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> coefficients, int count)
    {
        var degree = coefficients.Length / secret.Length;
        var shares = new SecretShare[count];
        for (var number = 1; number <= count; number++)
        {
            var value = PinnedMemory.NewArray(secret.Length);
            for (var octet = 0; octet < secret.Length; octet++)
            {
                // Horner's rule: ((a_k x + a_k-1) x + …) x + secret
                byte sum = 0;
                for (var power = degree - 1; power >= 0; power--)
                {
                    sum = Multiply((byte)(sum ^ coefficients[(power * secret.Length) + octet]), (byte)number);
                }

                value[octet] = (byte)(sum ^ secret[octet]);
            }

            shares[number - 1] = new SecretShare((byte)number, value);
        }

        return shares;
    }

    /// <summary>The value at 0 of the polynomials through those points, in an array that the collector does not move; the caller zeroizes it.</summary>
    /// <exception cref="ArgumentException">Shares of different lengths, numbered twice, or numbered 0.</exception>
    public static byte[] Combine(IReadOnlyList<SecretShare> shares)
    {
        if (shares.Count == 0 || shares.Any(s => s.Number == 0 || s.Value.Length != shares[0].Value.Length) || shares.DistinctBy(s => s.Number).Count() != shares.Count)
        {
            throw new ArgumentException("Shares to be put together have one length, and each its own number from 1 to 255.", nameof(shares));
        }

        var secret = PinnedMemory.NewArray(shares[0].Value.Length);
        foreach (var share in shares)
        {
            // Lagrange at 0: the product over the others of x_j / (x_j - x_i); in this field subtraction is XOR.
            byte weight = 1;
            foreach (var other in shares)
            {
                if (other.Number != share.Number)
                {
                    weight = Multiply(weight, Multiply(other.Number, Invert((byte)(other.Number ^ share.Number))));
                }
            }

            for (var octet = 0; octet < secret.Length; octet++)
            {
                secret[octet] ^= Multiply(share.Value[octet], weight);
            }
        }

        return secret;
    }

    /// <summary>Multiplication modulo x^8+x^4+x^3+x+1, in the same steps whatever the operands are.</summary>
    internal static byte Multiply(byte a, byte b)
    {
        int product = 0, left = a;
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= left & -((b >> bit) & 1);
            left = (left << 1) ^ (0x11B & -((left >> 7) & 1));
        }

        return (byte)product;
    }

    // a^254 is a^-1 in a field of 256 elements.
    private static byte Invert(byte a)
    {
        var result = a;
        for (var i = 0; i < 6; i++)
        {
            result = Multiply(Multiply(result, result), a);
        }

        return Multiply(result, result);
    }
}
