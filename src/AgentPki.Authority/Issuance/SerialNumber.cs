using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// Makes serial numbers (RFC 5280 §4.1.2.2): positive, 20 octets, 142 of their bits random, so that nobody guesses the next one; and 16 that say in which
/// epoch of the log they were made, so that no number that a restore has lost can ever come again.
/// </summary>
internal static class SerialNumber
{
    public const int Size = 20;

    /// <summary>The last epoch that a serial number has room for.</summary>
    public const long LastEpoch = ushort.MaxValue;

    /// <param name="epoch">The log's, from 1.</param>
    public static byte[] Create(long epoch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epoch, LastEpoch);
        var octets = RandomNumberGenerator.GetBytes(Size);
        // 01xxxxxx: the sign bit is clear and the first octet is not zero, so that the content octets are minimal as they are.
        octets[0] = (byte)((octets[0] & 0x3F) | 0x40);
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(1), (ushort)epoch);
        return octets;
    }
}
