using Org.BouncyCastle.Math.EC.Rfc8032;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>
/// Checks that an EdDSA public key is a point (RFC 8032 §5.1.3, §5.2.3: canonical, on the curve) and none of the few of small order, under which one signature
/// fits many messages.
/// </summary>
internal static class EdwardsPoint
{
    /// <summary>Null when the point is good, else one sentence saying what is wrong with it.</summary>
    public static string? Check(KeyAlgorithm algorithm, ReadOnlySpan<byte> point)
    {
        var octets = point.ToArray();
        var good = algorithm == KeyAlgorithm.Ed25519 ? Ed25519.ValidatePublicKeyPartial(octets, 0) : Ed448.ValidatePublicKeyPartial(octets, 0);
        return good ? null : $"The {algorithm} public key is not a point of its curve, or one of small order (RFC 8032 §5.1.3).";
    }
}
