namespace AgentPki.Cryptography;

/// <summary>Checks of an ML-KEM encapsulation key beyond its length.</summary>
internal static class EncapsulationKey
{
    private const int Modulus = 3329; // FIPS 203 §2.4: q
    private const int SeedSize = 32;  // FIPS 203 §7.1: ρ, the last octets of the key

    /// <summary>Null when every coefficient is below the modulus (FIPS 203 §7.2, "modulus check"), else one sentence that says it is not.</summary>
    public static string? Check(KeyAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        // FIPS 203 algorithm 6, ByteDecode with d = 12: two coefficients, least significant bits first, in three octets.
        for (var packed = key[..^SeedSize]; packed.Length >= 3; packed = packed[3..])
        {
            if ((packed[0] | ((packed[1] & 0x0F) << 8)) >= Modulus || ((packed[1] >> 4) | (packed[2] << 4)) >= Modulus)
            {
                return $"The {algorithm} key has a coefficient that is not below the modulus {Modulus} (FIPS 203 §7.2).";
            }
        }

        return null;
    }
}
