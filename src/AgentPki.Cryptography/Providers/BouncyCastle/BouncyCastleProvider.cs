using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>What the platform lacks: here Ed25519 (RFC 8032), in memory. Classical ECDSA and RSA never come this way.</summary>
public sealed class BouncyCastleProvider : ICryptoProvider
{
    public const string ProviderName = "bouncycastle";

    private readonly SoftwareKeyShelf _shelf = new();

    public string Name => ProviderName;

    public KeyProtection Protection => KeyProtection.Software;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) =>
        algorithm.Family == AlgorithmFamily.EdDsa ? KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify : KeyCapabilities.None;

    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (spec.Algorithm.Family != AlgorithmFamily.EdDsa)
        {
            throw new NotSupportedException($"This provider generates no {spec.Algorithm} keys.");
        }

        var key = new BouncyCastleEd25519Key(new(ProviderName, spec.Label), spec.Purpose, new Ed25519PrivateKeyParameters(new SecureRandom()));
        if (spec.Purpose != KeyPurpose.Subject)
        {
            _shelf.Add(spec.Label, key);
        }

        return ValueTask.FromResult<ISigningKey>(key);
    }

    public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ISigningKey?>(_shelf.TryGet(label, out var pkcs8, out var purpose) ? ImportPkcs8(label, purpose, pkcs8) : null);

    /// <summary>Opens an Ed25519 private key from a DER PrivateKeyInfo (RFC 8410 §7).</summary>
    public static SoftwareSigningKey ImportPkcs8(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8) =>
        new BouncyCastleEd25519Key(new(ProviderName, label), purpose, (Ed25519PrivateKeyParameters)PrivateKeyFactory.CreateKey(pkcs8.ToArray()));

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (key.Algorithm.Family != AlgorithmFamily.EdDsa || !algorithm.Fits(key.Algorithm) || signature.Length != 64)
        {
            return false;
        }

        var verifier = new Ed25519Signer();
        verifier.Init(false, new Ed25519PublicKeyParameters(key.KeyBits.Span));
        verifier.BlockUpdate(message);
        return verifier.VerifySignature(signature.ToArray());
    }
}
