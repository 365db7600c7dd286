using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

public static partial class EnvelopedData
{
    /// <summary>Opens an envelope with an RSA or ECDH private key.</summary>
    /// <param name="key">An <see cref="RSA"/> or <see cref="ECDiffieHellman"/>.</param>
    /// <returns>The content and its type; null when no recipient info opens with this key, or the content does not.</returns>
    /// <exception cref="MalformedDataException">Not an EnvelopedData or AuthEnvelopedData of an algorithm known here.</exception>
    public static (string ContentType, byte[] Content)? Decrypt(ReadOnlyMemory<byte> contentInfo, AsymmetricAlgorithm key)
    {
        var envelope = ReadEnvelope(contentInfo);
        return Open(envelope, OpenKey(new DerReader(envelope.Recipients).ReadSet("recipientInfos"), key));
    }

    /// <summary>Opens an envelope with an ML-KEM private key (RFC 9936).</summary>
    /// <returns>The content and its type; null when no recipient info opens with this key, or the content does not.</returns>
    /// <exception cref="MalformedDataException">Not an EnvelopedData or AuthEnvelopedData of an algorithm known here.</exception>
    /// <exception cref="KeyUnavailableException">The key cannot be used now.</exception>
    public static async ValueTask<(string ContentType, byte[] Content)?> DecryptAsync(ReadOnlyMemory<byte> contentInfo, IDecapsulationKey key, CancellationToken cancellationToken)
    {
        var envelope = ReadEnvelope(contentInfo);
        return Open(envelope, await OpenKeyAsync(envelope.Recipients, key, cancellationToken));
    }

    /// <summary>Opens an envelope with an ECDH private key that may lie in a token (RFC 5753 §3.1).</summary>
    /// <returns>The content and its type; null when no recipient info opens with this key, or the content does not.</returns>
    /// <exception cref="MalformedDataException">Not an EnvelopedData or AuthEnvelopedData of an algorithm known here.</exception>
    /// <exception cref="KeyUnavailableException">The key cannot be used now.</exception>
    public static async ValueTask<(string ContentType, byte[] Content)?> DecryptAsync(ReadOnlyMemory<byte> contentInfo, IAgreementKey key, CancellationToken cancellationToken)
    {
        var envelope = ReadEnvelope(contentInfo);
        byte[]? contentKey = null;
        foreach (var info in Recipients(new DerReader(envelope.Recipients).ReadSet("recipientInfos")))
        {
            if (info.Span[0] == DerTag.ContextConstructed(1))
            {
                contentKey ??= await KeyAgreement.OpenAsync(info, key, cancellationToken);
            }
        }

        return Open(envelope, contentKey);
    }

    private static Envelope ReadEnvelope(ReadOnlyMemory<byte> contentInfo)
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

        var recipients = reader.ReadElement(DerTag.Set, "recipientInfos");
        var encrypted = reader.ReadSequence("encryptedContentInfo");
        var innerType = encrypted.ReadOid("contentType");
        var algorithm = AlgorithmIdentifiers.Read(ref encrypted, "contentEncryptionAlgorithm", out var parameters);
        var cipherText = ReadCipherText(ref encrypted);
        if (type == Oids.CmsEnvelopedData)
        {
            return new Envelope(recipients, innerType, algorithm, parameters, cipherText, [], null);
        }

        byte[] associated = [];
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            associated = reader.ReadElement(DerTag.ContextConstructed(1), "authAttrs").ToArray();
            // RFC 5083 §2.2: authenticated under the SET OF tag.
            associated[0] = DerTag.Set;
        }

        return new Envelope(recipients, innerType, algorithm, parameters, cipherText, associated, reader.ReadOctetString("mac").ToArray());
    }

    private static (string ContentType, byte[] Content)? Open(Envelope envelope, byte[]? key)
    {
        try
        {
            var opened = envelope.Mac is { } tag ? DecryptGcm(envelope, tag, key) : DecryptCbc(envelope, key);
            return opened is null ? null : (envelope.ContentType, opened);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[]? OpenKey(DerReader set, AsymmetricAlgorithm key)
    {
        byte[]? contentKey = null;
        foreach (var element in Recipients(set))
        {
            var info = new DerReader(element);
            if (key is RSA rsa && info.NextIs(DerTag.Sequence))
            {
                contentKey ??= KeyTransport.Open(info.ReadSequence("KeyTransRecipientInfo"), rsa);
            }
            else if (key is ECDiffieHellman ecdh && info.NextIs(DerTag.ContextConstructed(1)))
            {
                contentKey ??= KeyAgreement.Open(info.ReadConstructed(DerTag.ContextConstructed(1), "KeyAgreeRecipientInfo"), ecdh);
            }
        }

        return contentKey;
    }

    private static async ValueTask<byte[]?> OpenKeyAsync(ReadOnlyMemory<byte> recipients, IDecapsulationKey key, CancellationToken cancellationToken)
    {
        byte[]? contentKey = null;
        foreach (var info in Recipients(new DerReader(recipients).ReadSet("recipientInfos")))
        {
            if (info.Span[0] == DerTag.ContextConstructed(4))
            {
                contentKey ??= await KeyEncapsulationRecipient.OpenAsync(info, key, cancellationToken);
            }
        }

        return contentKey;
    }

    private static List<ReadOnlyMemory<byte>> Recipients(DerReader set)
    {
        var infos = new List<ReadOnlyMemory<byte>>(1);
        while (!set.IsEmpty)
        {
            infos.Add(infos.Count < Limits.CmsParties ? set.ReadElement("RecipientInfo") : throw set.Malformed($"recipientInfos: more than {Limits.CmsParties}"));
        }

        return infos;
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

    private static byte[]? DecryptCbc(Envelope envelope, byte[]? key)
    {
        var length = envelope.Algorithm switch
        {
            Oids.Aes128Cbc => 16,
            Oids.Aes256Cbc => 32,
            _ => throw new MalformedDataException($"contentEncryptionAlgorithm: {envelope.Algorithm} is not known here"),
        };
        var reader = new DerReader(envelope.Parameters);
        var vector = reader.ReadOctetString("aes-IV");
        if (key?.Length != length || vector.Length != 16)
        {
            return null;
        }

        using var aes = Aes.Create();
        aes.Key = key;
        try
        {
            return aes.DecryptCbc(envelope.CipherText, vector.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static byte[]? DecryptGcm(Envelope envelope, byte[] tag, byte[]? key)
    {
        var length = envelope.Algorithm switch
        {
            Oids.Aes128Gcm => 16,
            Oids.Aes256Gcm => 32,
            _ => throw new MalformedDataException($"contentEncryptionAlgorithm: {envelope.Algorithm} is not known here"),
        };
        var outer = new DerReader(envelope.Parameters);
        var gcmParameters = outer.ReadSequence("GCMParameters");
        var nonce = gcmParameters.ReadOctetString("aes-nonce");
        var tagOctets = gcmParameters.IsEmpty ? 12 : gcmParameters.ReadInt32("aes-ICVlen", 12, 16);
        if (key?.Length != length || nonce.Length != GcmNonceOctets || tag.Length != tagOctets)
        {
            return null;
        }

        using var gcm = new AesGcm(key, tagOctets);
        var content = new byte[envelope.CipherText.Length];
        try
        {
            gcm.Decrypt(nonce.Span, envelope.CipherText, tag, content, envelope.Associated);
            return content;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <param name="Mac">Null for EnvelopedData, which has none.</param>
    private sealed record Envelope(
        ReadOnlyMemory<byte> Recipients, string ContentType, string Algorithm, ReadOnlyMemory<byte> Parameters, byte[] CipherText, byte[] Associated, byte[]? Mac);
}
