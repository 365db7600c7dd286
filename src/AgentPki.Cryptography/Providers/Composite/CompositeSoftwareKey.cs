using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>A composite private key in process memory, whole, for its subject to take away.</summary>
internal sealed class CompositeSoftwareKey : SoftwareSigningKey
{
    private readonly SoftwareSigningKey _mlDsa;
    private readonly SoftwareSigningKey _traditional;

    private CompositeSoftwareKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, SoftwareSigningKey mlDsa, SoftwareSigningKey traditional)
        : base(reference, algorithm, purpose, PublicKey.Combine(algorithm, mlDsa.PublicKey, traditional.PublicKey)) =>
        (_mlDsa, _traditional) = (mlDsa, traditional);

    /// <summary>Of two fresh keys that are used nowhere else.</summary>
    public static CompositeSoftwareKey Join(string label, KeyPurpose purpose, KeyAlgorithm algorithm, SoftwareSigningKey mlDsa, SoftwareSigningKey traditional)
    {
        var (first, second) = (mlDsa.ExportPkcs8(), traditional.ExportPkcs8());
        try
        {
            return Of(label, purpose, algorithm, first, second);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(first);
            CryptographicOperations.ZeroMemory(second);
        }
    }

    /// <summary>From a DER PrivateKeyInfo of a composite (draft-ietf-lamps-pq-composite-sigs-19 §4.2, §5.3).</summary>
    /// <exception cref="CryptographicException">Not such a key; the message says what is wrong with it.</exception>
    public static CompositeSoftwareKey Import(string label, KeyPurpose purpose, KeyAlgorithm algorithm, ReadOnlySpan<byte> pkcs8)
    {
        var info = PrivateKeyInfo.Read(pkcs8);
        var (first, second) = CompositePrivateKey.Split(algorithm, info.PrivateKey);
        try
        {
            var key = Of(label, purpose, algorithm, first, second);
            info.CheckPublicKey(key.PublicKey);
            return key;
        }
        catch (ArgumentException mismatch)
        {
            throw new CryptographicException($"The halves are not those of a {algorithm} key: {mismatch.Message}", mismatch);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(first);
            CryptographicOperations.ZeroMemory(second);
        }
    }

    public override byte[] ExportPkcs8()
    {
        var (first, second) = (_mlDsa.ExportPkcs8(), _traditional.ExportPkcs8());
        try
        {
            return CompositePrivateKey.Join(Algorithm, first, second);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(first);
            CryptographicOperations.ZeroMemory(second);
        }
    }

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message) =>
        CompositeSignature.Sign(Algorithm, _mlDsa, _traditional, message, default);

    private protected override void DisposeCore()
    {
        _mlDsa.Dispose();
        _traditional.Dispose();
    }

    private static CompositeSoftwareKey Of(string label, KeyPurpose purpose, KeyAlgorithm algorithm, byte[] mlDsa, byte[] traditional)
    {
        var first = SoftwareKeys.ImportSigningKey(label, KeyPurpose.CompositeHalf, mlDsa);
        try
        {
            return new(new(CompositeProvider.ProviderName, label), algorithm, purpose, first, SoftwareKeys.ImportSigningKey(label, KeyPurpose.CompositeHalf, traditional));
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }
}
