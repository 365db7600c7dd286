using System.Globalization;
using System.Numerics;

namespace AgentPki.Cryptography;

/// <summary>Checks that an uncompressed EC point lies on its curve (SEC 1 §3.2.2.1; both curves here have cofactor 1).</summary>
internal static class CurvePoint
{
    private static readonly (BigInteger P, BigInteger B) P256 = (
        Hex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"),
        Hex("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"));

    private static readonly (BigInteger P, BigInteger B) P384 = (
        Hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF"),
        Hex("B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF"));

    /// <summary>Null when the point is good, else one sentence saying what is wrong with it.</summary>
    public static string? Check(KeyAlgorithm algorithm, ReadOnlySpan<byte> point)
    {
        var size = algorithm.SizeBits / 8;
        if (point.Length != 1 + (2 * size) || point[0] != 4)
        {
            return "The elliptic curve point is not in uncompressed form of the curve's length (RFC 5480 §2.2).";
        }

        var (p, b) = algorithm == KeyAlgorithm.EcdsaP256 ? P256 : P384;
        var x = new BigInteger(point.Slice(1, size), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(point[(1 + size)..], isUnsigned: true, isBigEndian: true);
        var onCurve = x < p && y < p && ((y * y) - (((x * x) - 3) * x) - b) % p == 0;
        return onCurve ? null : "The elliptic curve point is not on the curve.";
    }

    private static BigInteger Hex(string hex) => BigInteger.Parse("0" + hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
