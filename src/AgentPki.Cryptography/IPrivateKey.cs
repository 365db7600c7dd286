namespace AgentPki.Cryptography;

/// <summary>A private key, whatever it does; where it lives is its provider's business.</summary>
public interface IPrivateKey : IAsyncDisposable
{
    KeyReference Reference { get; }

    KeyAlgorithm Algorithm { get; }

    KeyPurpose Purpose { get; }

    KeyProtection Protection { get; }

    PublicKey PublicKey { get; }
}
