using System.Security.Cryptography;

namespace AgentPki.Cryptography;

/// <summary>A private key of key encapsulation in process memory: subject keys of serverkeygen, recipients of encrypted keys, tests.</summary>
public abstract class SoftwareDecapsulationKey : IDecapsulationKey
{
    private protected SoftwareDecapsulationKey(KeyReference reference, KeyPurpose purpose, PublicKey publicKey) =>
        (Reference, Purpose, PublicKey) = (reference, purpose, publicKey);

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Software;

    public PublicKey PublicKey { get; }

    /// <summary>The key as an unencrypted DER PrivateKeyInfo (RFC 5958), the seed alone where it is known (RFC 9935 §6); the caller zeroizes it.</summary>
    public abstract byte[] ExportPkcs8();

    public ValueTask<byte[]> DecapsulateAsync(ReadOnlyMemory<byte> ciphertext, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ciphertext.Length == Algorithm.CiphertextSize
            ? ValueTask.FromResult(DecapsulateCore(ciphertext.Span))
            : throw new CryptographicException($"An encapsulation to a key of {Algorithm} is {Algorithm.CiphertextSize} octets, not {ciphertext.Length} (FIPS 203 §7.3).");
    }

    public ValueTask DisposeAsync()
    {
        DisposeCore();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether the encapsulation, made for this key's public half, is opened by its private one; wipes the secrets.</summary>
    private protected bool Opens(KeyEncapsulation made)
    {
        var secret = DecapsulateCore(made.Ciphertext);
        var same = CryptographicOperations.FixedTimeEquals(secret, made.SharedSecret);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(made.SharedSecret);
        return same;
    }

    private protected abstract byte[] DecapsulateCore(ReadOnlySpan<byte> ciphertext);

    private protected abstract void DisposeCore();
}
