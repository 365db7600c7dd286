using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>
/// The key of one archive: 32 random octets that only a quorum of officers can put together again, and what is derived from them (HKDF-SHA-256, salt: the archive's id): the key that
/// encrypts, and a commitment that stands in the header. AES-GCM alone would let one ciphertext open under two keys; the commitment does not.
/// </summary>
public sealed class ArchiveKey : IDisposable
{
    public const int Size = 32;

    private readonly PinnedMemory _secret;
    private readonly PinnedMemory _content;

    private ArchiveKey(PinnedMemory secret, string id)
    {
        (_secret, _content) = (secret, new PinnedMemory(Size));
        var salt = Convert.FromHexString(id);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.GetSpan(), _content.GetSpan(), salt, "agentpki-archive/1 content"u8);
        var commitment = new byte[Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.GetSpan(), commitment, salt, "agentpki-archive/1 commitment"u8);
        Commitment = Convert.ToHexStringLower(commitment);
    }

    /// <summary>64 hexadecimal digits; tells nothing of the key.</summary>
    public string Commitment { get; }

    /// <summary>What is shared among the officers.</summary>
    internal ReadOnlyMemory<byte> Secret => _secret.Memory;

    internal ReadOnlySpan<byte> Content => _content.GetSpan();

    /// <summary>A new key.</summary>
    /// <param name="id">The archive's: 32 hexadecimal digits.</param>
    public static ArchiveKey Generate(string id)
    {
        var secret = new PinnedMemory(Size);
        RandomNumberGenerator.Fill(secret.GetSpan());
        return new ArchiveKey(secret, id);
    }

    /// <summary>The key of an archive, as the officers have put it together. Its octets are copied.</summary>
    /// <exception cref="ArchiveException">It is not this archive's.</exception>
    public static ArchiveKey Of(ReadOnlySpan<byte> secret, ArchiveHeader header)
    {
        if (secret.Length != Size)
        {
            throw new ArchiveException("What the officers' shares give is no key of an archive.");
        }

        var copy = new PinnedMemory(Size);
        secret.CopyTo(copy.GetSpan());
        var key = new ArchiveKey(copy, header.Id);
        if (key.Commitment == header.KeyCommitment)
        {
            return key;
        }

        key.Dispose();
        throw new ArchiveException("What the officers' shares give is the key of another archive.");
    }

    public void Dispose()
    {
        ((IDisposable)_secret).Dispose();
        ((IDisposable)_content).Dispose();
    }
}
