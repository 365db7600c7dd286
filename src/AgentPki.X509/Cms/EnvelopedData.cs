using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>How the content of an envelope is encrypted.</summary>
public enum ContentEncryption
{
    /// <summary>EnvelopedData with AES-256-CBC (RFC 3565): what every client reads. Not authenticated: put a SignedData inside.</summary>
    Aes256Cbc,

    /// <summary>AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084).</summary>
    Aes256Gcm,
}

/// <summary>RFC 5652 §6 EnvelopedData and RFC 5083 AuthEnvelopedData: closed for RSA and elliptic-curve recipients, opened with a private key.</summary>
public static class EnvelopedData
{
    private const int GcmNonceOctets = 12;
    private const int GcmTagOctets = 16;

    /// <summary>A ContentInfo in which <paramref name="content"/> of <paramref name="contentType"/> is encrypted for each recipient.</summary>
    /// <param name="contentType">Dotted; for anything but id-data, <paramref name="content"/> is the content's DER without a ContentInfo.</param>
    public static byte[] Encrypt(string contentType, ReadOnlySpan<byte> content, ContentEncryption encryption, params IReadOnlyList<Recipient> recipients)
    {
        if (recipients.Count == 0)
        {
            throw new ArgumentException("An envelope has a recipient.", nameof(recipients));
        }

        var key = RandomNumberGenerator.GetBytes(32);
        try
        {
            return encryption == ContentEncryption.Aes256Cbc
                ? ContentInfo.Encode(Oids.CmsEnvelopedData, EncryptCbc(contentType, content, key, recipients))
                : ContentInfo.Encode(Oids.CmsAuthEnvelopedData, EncryptGcm(contentType, content, key, recipients));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Opens an envelope with an RSA or ECDH private key.</summary>
    /// <param name="key">An <see cref="RSA"/> or <see cref="ECDiffieHellman"/>.</param>
    /// <returns>The content and its type; null when no recipient info opens with this key, or the content does not.</returns>
    /// <exception cref="MalformedDataException">Not an EnvelopedData or AuthEnvelopedData of an algorithm known here.</exception>
    public static (string ContentType, byte[] Content)? Decrypt(ReadOnlyMemory<byte> contentInfo, AsymmetricAlgorithm key)
    {
        var content = ContentInfo.Decode(contentInfo, out var type);
        if (type is not (Oids.CmsEnvelopedData or Oids.CmsAuthEnvelopedData))
        {
            throw new MalformedDataException($"contentType: {type} where an envelope belongs");
        }

        var outer = new DerReader(content);
        var reader = outer.ReadSequence("EnvelopedData");
        outer.End("EnvelopedData");
        reader.ReadInt32("version", 0, 4);
        if (reader.NextIs(DerTag.ContextConstructed(0)))
        {
            reader.ReadElement(DerTag.ContextConstructed(0), "originatorInfo");
        }

        var contentKey = OpenKey(reader.ReadSet("recipientInfos"), key);
        var encrypted = reader.ReadSequence("encryptedContentInfo");
        var innerType = encrypted.ReadOid("contentType");
        var algorithm = AlgorithmIdentifiers.Read(ref encrypted, "contentEncryptionAlgorithm", out var parameters);
        var cipherText = ReadCipherText(ref encrypted);
        var opened = type == Oids.CmsEnvelopedData
            ? DecryptCbc(algorithm, parameters, cipherText, contentKey)
            : DecryptGcm(algorithm, parameters, cipherText, ref reader, contentKey);
        return opened is null ? null : (innerType, opened);
    }

    private static byte[] EncryptCbc(string contentType, ReadOnlySpan<byte> content, byte[] key, IReadOnlyList<Recipient> recipients)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var vector = RandomNumberGenerator.GetBytes(16);
        var cipherText = aes.EncryptCbc(content, vector);
        using var writer = new DerWriter(cipherText.Length + 2048);
        using (writer.Sequence())
        {
            // RFC 5652 §6.1: 0 when all recipients are key transport by issuer and serial number, else 2.
            writer.WriteInteger(recipients.All(r => r.Issuer is not null && r.PublicKey.Algorithm.Family == AlgorithmFamily.Rsa) ? 0 : 2);
            WriteRecipients(writer, recipients, key);
            using var info = writer.Sequence();
            writer.WriteOid(contentType);
            using (writer.Sequence())
            {
                writer.WriteOid(Oids.Aes256Cbc);
                writer.WriteOctetString(vector);
            }

            writer.Write(DerTag.Context(0), cipherText);
        }

        return writer.ToArray();
    }

    private static byte[] EncryptGcm(string contentType, ReadOnlySpan<byte> content, byte[] key, IReadOnlyList<Recipient> recipients)
    {
        var nonce = RandomNumberGenerator.GetBytes(GcmNonceOctets);
        var cipherText = new byte[content.Length];
        var tag = new byte[GcmTagOctets];
        using (var gcm = new AesGcm(key, GcmTagOctets))
        {
            // RFC 5083 §2.2: without authenticated attributes the associated data are empty.
            gcm.Encrypt(nonce, content, cipherText, tag);
        }

        using var writer = new DerWriter(cipherText.Length + 2048);
        using (writer.Sequence())
        {
            // RFC 5083 §2.1: always 0
            writer.WriteInteger(0);
            WriteRecipients(writer, recipients, key);
            using (writer.Sequence())
            {
                writer.WriteOid(contentType);
                using (writer.Sequence())
                {
                    writer.WriteOid(Oids.Aes256Gcm);
                    // RFC 5084 §3.2 GCMParameters { aes-nonce, aes-ICVlen DEFAULT 12 }
                    using var parameters = writer.Sequence();
                    writer.WriteOctetString(nonce);
                    writer.WriteInteger(GcmTagOctets);
                }

                writer.Write(DerTag.Context(0), cipherText);
            }

            writer.WriteOctetString(tag);
        }

        return writer.ToArray();
    }

    private static void WriteRecipients(DerWriter writer, IReadOnlyList<Recipient> recipients, byte[] key)
    {
        using var set = writer.SetOf();
        foreach (var recipient in recipients)
        {
            if (recipient.PublicKey.Algorithm.Family == AlgorithmFamily.Rsa)
            {
                KeyTransport.Write(writer, recipient, key);
            }
            else
            {
                KeyAgreement.Write(writer, recipient, key);
            }
        }
    }

    private static byte[]? OpenKey(DerReader set, AsymmetricAlgorithm key)
    {
        byte[]? contentKey = null;
        for (var count = 0; !set.IsEmpty; count++)
        {
            if (count == Limits.CmsParties)
            {
                throw set.Malformed($"recipientInfos: more than {Limits.CmsParties}");
            }

            if (key is RSA rsa && set.NextIs(DerTag.Sequence))
            {
                var info = set.ReadSequence("KeyTransRecipientInfo");
                contentKey ??= KeyTransport.Open(info, rsa);
            }
            else if (key is ECDiffieHellman ecdh && set.NextIs(DerTag.ContextConstructed(1)))
            {
                var info = set.ReadConstructed(DerTag.ContextConstructed(1), "KeyAgreeRecipientInfo");
                contentKey ??= KeyAgreement.Open(info, ecdh);
            }
            else
            {
                set.ReadElement("RecipientInfo");
            }
        }

        return contentKey;
    }

    // encryptedContent [0] IMPLICIT OCTET STRING: one piece, or several from a sender that streams.
    private static byte[] ReadCipherText(ref DerReader info)
    {
        if (info.NextIs(DerTag.Context(0)))
        {
            return info.ReadContent(DerTag.Context(0), "encryptedContent").ToArray();
        }

        var pieces = info.ReadConstructed(DerTag.ContextConstructed(0), "encryptedContent");
        using var joined = new MemoryStream();
        while (!pieces.IsEmpty)
        {
            joined.Write(pieces.ReadOctetString("encryptedContent").Span);
        }

        return joined.ToArray();
    }

    private static byte[]? DecryptCbc(string algorithm, ReadOnlyMemory<byte> parameters, byte[] cipherText, byte[]? key)
    {
        var length = algorithm switch
        {
            Oids.Aes128Cbc => 16,
            Oids.Aes256Cbc => 32,
            _ => throw new MalformedDataException($"contentEncryptionAlgorithm: {algorithm} is not known here"),
        };
        var reader = new DerReader(parameters);
        var vector = reader.ReadOctetString("aes-IV");
        if (key?.Length != length || vector.Length != 16)
        {
            return null;
        }

        using var aes = Aes.Create();
        aes.Key = key;
        try
        {
            return aes.DecryptCbc(cipherText, vector.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static byte[]? DecryptGcm(string algorithm, ReadOnlyMemory<byte> parameters, byte[] cipherText, ref DerReader reader, byte[]? key)
    {
        var length = algorithm switch
        {
            Oids.Aes128Gcm => 16,
            Oids.Aes256Gcm => 32,
            _ => throw new MalformedDataException($"contentEncryptionAlgorithm: {algorithm} is not known here"),
        };
        var outer = new DerReader(parameters);
        var gcmParameters = outer.ReadSequence("GCMParameters");
        var nonce = gcmParameters.ReadOctetString("aes-nonce");
        var tagOctets = gcmParameters.IsEmpty ? 12 : gcmParameters.ReadInt32("aes-ICVlen", 12, 16);
        byte[] associated = [];
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            associated = reader.ReadElement(DerTag.ContextConstructed(1), "authAttrs").ToArray();
            // RFC 5083 §2.2: authenticated under the SET OF tag.
            associated[0] = DerTag.Set;
        }

        var tag = reader.ReadOctetString("mac");
        if (key?.Length != length || nonce.Length != GcmNonceOctets || tag.Length != tagOctets)
        {
            return null;
        }

        using var gcm = new AesGcm(key, tagOctets);
        var content = new byte[cipherText.Length];
        try
        {
            gcm.Decrypt(nonce.Span, cipherText, tag.Span, content, associated);
            return content;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
