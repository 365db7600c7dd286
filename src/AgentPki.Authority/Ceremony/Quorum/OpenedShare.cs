using System.Security.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>One officer's share of a sealed secret, taken out of its envelope. Zeroized when it is disposed.</summary>
/// <param name="Sealing">The id of the sealing that it belongs to, 32 hexadecimal digits.</param>
public sealed record OpenedShare(string Sealing, string Officer, int Threshold, SecretShare Share) : IDisposable
{
    public void Dispose() => CryptographicOperations.ZeroMemory(Share.Value);
}
