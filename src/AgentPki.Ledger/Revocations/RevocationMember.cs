using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AgentPki.Ledger.Revocations;

/// <summary>
/// A certificate as sets hold it: the first 64 bits of SHA-256 over its issuer's key identifier (RFC 5280 §4.2.1.1) and the content octets of its serial number, big-endian.
/// </summary>
/// <remarks>
/// Whoever is certified cannot choose the serial number, which has 128 random bits, and so cannot choose this. Among ten million members a certificate that is none has one
/// chance in 10^12 to look like one; it is refused then.
/// </remarks>
public readonly record struct RevocationMember(ulong Value) : IComparable<RevocationMember>
{
    public static RevocationMember Of(ReadOnlySpan<byte> issuerKeyIdentifier, ReadOnlySpan<byte> serial)
    {
        Span<byte> input = stackalloc byte[128];
        var length = issuerKeyIdentifier.Length + serial.Length;
        input = length <= input.Length ? input[..length] : new byte[length];
        issuerKeyIdentifier.CopyTo(input);
        serial.CopyTo(input[issuerKeyIdentifier.Length..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, digest);
        return new RevocationMember(BinaryPrimitives.ReadUInt64BigEndian(digest));
    }

    /// <summary>The bucket it lies in, if it lies in one: its leading bits.</summary>
    public int BucketOf(int bucketBits) => bucketBits == 0 ? 0 : (int)(Value >> (64 - bucketBits));

    public int CompareTo(RevocationMember other) => Value.CompareTo(other.Value);

    public static bool operator <(RevocationMember left, RevocationMember right) => left.Value < right.Value;

    public static bool operator >(RevocationMember left, RevocationMember right) => left.Value > right.Value;

    public static bool operator <=(RevocationMember left, RevocationMember right) => left.Value <= right.Value;

    public static bool operator >=(RevocationMember left, RevocationMember right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
