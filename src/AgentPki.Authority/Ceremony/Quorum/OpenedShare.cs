using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>One officer's share of a sealed secret, taken out of its envelope. Zeroized when it is disposed.</summary>
/// <param name="Sealing">The id of the sealing that it belongs to, 32 hexadecimal digits.</param>
public sealed record OpenedShare(string Sealing, string Officer, int Threshold, SecretShare Share) : IDisposable
{
    /// <summary>Reads what <see cref="Encode"/> wrote; false for anything else.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out OpenedShare? share) => ShareText.TryDecode(octets, out share);

    /// <summary>For the way to the appliance that it opens, in an array that the collector does not move; the caller zeroizes it.</summary>
    public byte[] Encode() => ShareText.Encode(Convert.FromHexString(Sealing), Officer, Threshold, Share);

    public void Dispose() => CryptographicOperations.ZeroMemory(Share.Value);
}
