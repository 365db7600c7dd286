using System.Globalization;
using System.Numerics;

namespace AgentPki.Cryptography;

/// <summary>Checks that an uncompressed EC point lies on its curve (SEC 1 §3.2.2.1; every curve here has cofactor 1).</summary>
internal static class CurvePoint
{
    /// <summary>y² = x³ + ax + b over the field of p elements.</summary>
    private sealed record Curve(BigInteger P, BigInteger A, BigInteger B);

    // SEC 2 §2.4.2, §2.5.1, §2.6.1: a = p - 3.
    private static readonly Curve P256 = Nist(
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B");

    private static readonly Curve P384 = Nist(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
        "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF");

    private static readonly Curve P521 = new(
        BigInteger.Pow(2, 521) - 1,
        -3,
        Hex("51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00"));

    // RFC 5639 §3.4, §3.6.
    private static readonly Curve BrainpoolP256 = new(
        Hex("A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377"),
        Hex("7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9"),
        Hex("26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6"));

    private static readonly Curve BrainpoolP384 = new(
        Hex("8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53"),
        Hex("7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826"),
        Hex("04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11"));

    /// <summary>Null when the point is good, else one sentence saying what is wrong with it.</summary>
    public static string? Check(KeyAlgorithm algorithm, ReadOnlySpan<byte> point)
    {
        var size = (algorithm.SizeBits + 7) / 8;
        if (point.Length != 1 + (2 * size) || point[0] != 4)
        {
            return "The elliptic curve point is not in uncompressed form of the curve's length (RFC 5480 §2.2).";
        }

        var (p, a, b) = CurveOf(algorithm);
        var x = new BigInteger(point.Slice(1, size), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(point[(1 + size)..], isUnsigned: true, isBigEndian: true);
        var onCurve = x < p && y < p && ((y * y) - (((x * x) + a) * x) - b) % p == 0;
        return onCurve ? null : "The elliptic curve point is not on the curve.";
    }

    private static Curve CurveOf(KeyAlgorithm algorithm) =>
        algorithm == KeyAlgorithm.EcdsaP256 ? P256
        : algorithm == KeyAlgorithm.EcdsaP384 ? P384
        : algorithm == KeyAlgorithm.EcdsaP521 ? P521
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP256 ? BrainpoolP256
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP384 ? BrainpoolP384
        : throw new ArgumentException($"{algorithm} has no curve.", nameof(algorithm));

    private static Curve Nist(string p, string b) => new(Hex(p), -3, Hex(b));

    private static BigInteger Hex(string hex) => BigInteger.Parse("0" + hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
