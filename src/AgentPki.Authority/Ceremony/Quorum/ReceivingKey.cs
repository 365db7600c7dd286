using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.X509.Cms;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>An officer's receiving key in memory: ECDH, RSA or ML-KEM.</summary>
internal sealed class ReceivingKey : IAsyncDisposable
{
    private readonly AsymmetricAlgorithm? _classical;
    private readonly SoftwareDecapsulationKey? _kem;

    private ReceivingKey(AsymmetricAlgorithm classical) => (_classical, PublicKey) = (classical, PublicKey.Parse(classical.ExportSubjectPublicKeyInfo()));

    private ReceivingKey(SoftwareDecapsulationKey kem) => (_kem, PublicKey) = (kem, kem.PublicKey);

    public PublicKey PublicKey { get; }

    public static async ValueTask<ReceivingKey> CreateAsync(bool quantumSafe, CryptoProviders software, CancellationToken cancellationToken)
    {
        if (!quantumSafe)
        {
            return new ReceivingKey(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384));
        }

        var maker = software.ForEncapsulation(KeyAlgorithm.MlKem768, KeyCapabilities.Generate | KeyCapabilities.Decapsulate) ?? throw new NotSupportedException("No software provider here makes ml-kem-768 keys.");
        var key = await maker.GenerateDecapsulationKeyAsync(new KeySpec("officer-receiving", KeyAlgorithm.MlKem768, KeyPurpose.Subject), cancellationToken);
        return new ReceivingKey(key as SoftwareDecapsulationKey ?? throw new NotSupportedException("No software provider here makes ml-kem-768 keys."));
    }

    /// <exception cref="CryptographicException">No such key.</exception>
    public static ReceivingKey Import(ReadOnlyMemory<byte> pkcs8)
    {
        var info = KindOf(pkcs8);
        AsymmetricAlgorithm? key = info switch
        {
            "1.2.840.10045.2.1" => ECDiffieHellman.Create(),
            "1.2.840.113549.1.1.1" => RSA.Create(),
            _ => null,
        };
        if (key is null)
        {
            return new ReceivingKey(SoftwareKeys.ImportDecapsulationKey("officer-receiving", KeyPurpose.KeyEstablishment, pkcs8.Span));
        }

        key.ImportPkcs8PrivateKey(pkcs8.Span, out _);
        return new ReceivingKey(key);
    }

    public byte[] ExportPkcs8() => _classical?.ExportPkcs8PrivateKey() ?? _kem?.ExportPkcs8() ?? throw new ObjectDisposedException(nameof(ReceivingKey));

    /// <summary>Null when the envelope does not open with this key.</summary>
    public async ValueTask<byte[]?> OpenAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        try
        {
            return (_classical is not null ? EnvelopedData.Decrypt(envelope, _classical) : _kem is not null ? await EnvelopedData.DecryptAsync(envelope, _kem, cancellationToken) : null)?.Content;
        }
        catch (X509.MalformedDataException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _classical?.Dispose();
        if (_kem is not null)
        {
            await _kem.DisposeAsync();
        }
    }

    private static string KindOf(ReadOnlyMemory<byte> pkcs8) =>
        Pkcs8PrivateKeyInfo.Decode(pkcs8, out _, skipCopy: true).AlgorithmId.Value ?? "";
}
