using System.Security.Cryptography;

namespace AgentPki.Authority.Issuance;

/// <summary>Makes serial numbers (RFC 5280 §4.1.2.2): positive, 20 octets, 158 of their bits random; nobody guesses the next one.</summary>
internal static class SerialNumber
{
    public const int Size = 20;

    public static byte[] Create()
    {
        var octets = RandomNumberGenerator.GetBytes(Size);
        // 01xxxxxx: the sign bit is clear and the first octet is not zero, so that the content octets are minimal as they are.
        octets[0] = (byte)((octets[0] & 0x3F) | 0x40);
        return octets;
    }
}
