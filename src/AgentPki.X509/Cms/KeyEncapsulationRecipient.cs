using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>KEMRecipientInfo (RFC 9629 §3) for ML-KEM (RFC 9936 §2): a shared secret, HKDF, AES key wrap.</summary>
internal static class KeyEncapsulationRecipient
{
    private const int KeyEncryptionKeyOctets = 32;

    // RFC 8619 §2, RFC 3565 §2.3.2: parameters absent. SHA-256 has the preimage strength, AES-256 the strength that ML-KEM-1024 asks for (RFC 9936 table 1).
    private static readonly byte[] HkdfSha256 = Convert.FromHexString("300D060B2A864886F70D010910031C");
    private static readonly byte[] Aes256Wrap = Convert.FromHexString("300B060960864801650304012D");

    /// <summary>The DER OtherRecipientInfo [4]: id-ori-kem and a KEMRecipientInfo.</summary>
    /// <exception cref="NotSupportedException">No provider encapsulates to the key.</exception>
    public static async ValueTask<byte[]> CloseAsync(Recipient recipient, byte[] contentKey, CryptoProviders providers, CancellationToken cancellationToken)
    {
        var provider = providers.ForEncapsulation(recipient.PublicKey.Algorithm, KeyCapabilities.Encapsulate)
            ?? throw new NotSupportedException($"No crypto provider of this appliance encapsulates to {recipient.PublicKey.Algorithm} keys.");
        var encapsulation = await provider.EncapsulateAsync(recipient.PublicKey, cancellationToken);
        var info = OtherInfo(Aes256Wrap, KeyEncryptionKeyOctets, default);
        var keyEncryptionKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, encapsulation.SharedSecret, KeyEncryptionKeyOctets, salt: [], info);
        var wrapped = AesKeyWrap.Wrap(keyEncryptionKey, contentKey);
        CryptographicOperations.ZeroMemory(keyEncryptionKey);
        CryptographicOperations.ZeroMemory(encapsulation.SharedSecret);
        return Encode(recipient, encapsulation.Ciphertext, wrapped);
    }

    /// <summary>Null when the recipient info is not for this key or does not open.</summary>
    public static async ValueTask<byte[]?> OpenAsync(ReadOnlyMemory<byte> recipientInfo, IDecapsulationKey key, CancellationToken cancellationToken)
    {
        if (Read(recipientInfo) is not { } info || info.Kem != key.Algorithm.Oid || info.Ciphertext.Length != key.Algorithm.CiphertextSize)
        {
            return null;
        }

        var secret = await key.DecapsulateAsync(info.Ciphertext, cancellationToken);
        var keyEncryptionKey = HKDF.DeriveKey(info.Hash, secret, info.KeyOctets, salt: [], OtherInfo(info.Wrap.Span, info.KeyOctets, info.KeyingMaterial.Span));
        CryptographicOperations.ZeroMemory(secret);
        try
        {
            return AesKeyWrap.Unwrap(keyEncryptionKey, info.EncryptedKey.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyEncryptionKey);
        }
    }

    private static byte[] Encode(Recipient recipient, byte[] ciphertext, byte[] wrapped)
    {
        using var writer = new DerWriter(ciphertext.Length + 512);
        // RFC 5652 §6.2.5: ori [4] IMPLICIT OtherRecipientInfo { oriType, oriValue }
        using (writer.Constructed(DerTag.ContextConstructed(4)))
        {
            writer.WriteOid(Oids.KemRecipientInfo);
            using var info = writer.Sequence();
            // RFC 9629 §3: version, always 0
            writer.WriteInteger(0);
            // rid
            recipient.WriteIdentifier(writer);
            // kem: parameters absent (RFC 9936 §2.1)
            writer.WriteEncoded(recipient.PublicKey.Algorithm.AlgorithmIdentifier.Span);
            // kemct
            writer.WriteOctetString(ciphertext);
            // kdf
            writer.WriteEncoded(HkdfSha256);
            // kekLength
            writer.WriteInteger(KeyEncryptionKeyOctets);
            // ukm [0]: none; wrap
            writer.WriteEncoded(Aes256Wrap);
            // encryptedKey
            writer.WriteOctetString(wrapped);
        }

        return writer.ToArray();
    }

    private static KemInfo? Read(ReadOnlyMemory<byte> recipientInfo)
    {
        var other = new DerReader(recipientInfo).ReadConstructed(DerTag.ContextConstructed(4), "OtherRecipientInfo");
        if (other.ReadOid("oriType") != Oids.KemRecipientInfo)
        {
            return null;
        }

        var reader = other.ReadSequence("KEMRecipientInfo");
        other.End("OtherRecipientInfo");
        reader.ReadInt32("version", 0, 0);
        reader.ReadElement("rid");
        var kem = AlgorithmIdentifiers.Read(ref reader, "kem", out var kemParameters);
        var ciphertext = reader.ReadOctetString("kemct");
        var kdf = AlgorithmIdentifiers.Read(ref reader, "kdf", out var kdfParameters);
        var octets = reader.ReadInt32("kekLength", 1, 65535);
        var keyingMaterial = reader.NextIs(DerTag.ContextConstructed(0)) ? reader.ReadElement(DerTag.ContextConstructed(0), "ukm") : default;
        var wrap = reader.ReadElement(DerTag.Sequence, "wrap");
        var encryptedKey = reader.ReadOctetString("encryptedKey");
        reader.End("KEMRecipientInfo");
        // RFC 9629 §3: kekLength must be that of the wrap; RFC 9936 §2.2.1: so must L of HKDF.
        return Hash(kdf) is { } hash && octets == WrapOctets(wrap) && kemParameters.IsEmpty && kdfParameters.IsEmpty
            ? new KemInfo(kem, ciphertext, hash, octets, keyingMaterial, wrap, encryptedKey)
            : null;
    }

    private static HashAlgorithmName? Hash(string kdf) => kdf switch
    {
        Oids.HkdfSha256 => HashAlgorithmName.SHA256,
        Oids.HkdfSha384 => HashAlgorithmName.SHA384,
        Oids.HkdfSha512 => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static int WrapOctets(ReadOnlyMemory<byte> wrap) => AlgorithmIdentifiers.OidOf(wrap) switch
    {
        Oids.Aes128Wrap => 16,
        Oids.Aes256Wrap => 32,
        _ => 0,
    };

    // RFC 9629 §5 CMSORIforKEMOtherInfo { wrap, kekLength, ukm [0] EXPLICIT OPTIONAL }
    // The wrap and the ukm go in as they stand in the message.
    private static byte[] OtherInfo(ReadOnlySpan<byte> wrap, int keyOctets, ReadOnlySpan<byte> keyingMaterial)
    {
        using var writer = new DerWriter(64);
        using (writer.Sequence())
        {
            writer.WriteEncoded(wrap);
            writer.WriteInteger(keyOctets);
            writer.WriteEncoded(keyingMaterial);
        }

        return writer.ToArray();
    }

    private sealed record KemInfo(
        string Kem,
        ReadOnlyMemory<byte> Ciphertext,
        HashAlgorithmName Hash,
        int KeyOctets,
        ReadOnlyMemory<byte> KeyingMaterial,
        ReadOnlyMemory<byte> Wrap,
        ReadOnlyMemory<byte> EncryptedKey);
}
