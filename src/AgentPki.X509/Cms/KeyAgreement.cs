using System.Buffers.Binary;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>ECDH with an ephemeral sender's key, ANSI X9.63 key derivation and AES key wrap (RFC 5753 §3.1, §7.2).</summary>
internal static class KeyAgreement
{
    // RFC 3565 §2.3.2: parameters absent.
    private static readonly byte[] Aes256Wrap = Convert.FromHexString("300B060960864801650304012D");

    /// <summary>KeyAgreeRecipientInfo [1]: version, ephemeral originator, scheme with its wrap, one encrypted key.</summary>
    public static void Write(DerWriter writer, Recipient recipient, ReadOnlySpan<byte> contentKey)
    {
        using var theirs = ImportPublic(recipient.PublicKey.SubjectPublicKeyInfo.Span);
        using var ours = ECDiffieHellman.Create(theirs.ExportParameters(false).Curve);
        var scheme = recipient.PublicKey.Algorithm.SizeBits <= 256 ? Oids.StdDhSha256Kdf : Oids.StdDhSha384Kdf;
        var secret = ours.DeriveRawSecretAgreement(theirs.PublicKey);
        var keyEncryptionKey = Derive(secret, scheme, Aes256Wrap, 32, default);
        CryptographicOperations.ZeroMemory(secret);
        var wrapped = AesKeyWrap.Wrap(keyEncryptionKey, contentKey);
        CryptographicOperations.ZeroMemory(keyEncryptionKey);

        using var info = writer.Constructed(DerTag.ContextConstructed(1));
        // RFC 5652 §6.2.2: always 3
        writer.WriteInteger(3);
        WriteOriginator(writer, ours);
        using (writer.Sequence())
        {
            writer.WriteOid(scheme);
            writer.WriteEncoded(Aes256Wrap);
        }

        using var keys = writer.Sequence();
        using var encrypted = writer.Sequence();
        WriteRecipient(writer, recipient);
        writer.WriteOctetString(wrapped);
    }

    /// <summary>Null when the recipient info is not for this key or does not open.</summary>
    public static byte[]? Open(DerReader info, ECDiffieHellman key)
    {
        var algorithm = key.KeySize == 256 ? KeyAlgorithm.EcdsaP256 : KeyAlgorithm.EcdsaP384;
        if (Read(info) is not { } read || OriginatorKey(read.Originator, algorithm) is not { } peer)
        {
            return null;
        }

        using var theirs = ImportPublic(peer.SubjectPublicKeyInfo.Span);
        return Unwrap(read, key.DeriveRawSecretAgreement(theirs.PublicKey));
    }

    /// <summary>The same with a key that may lie in a token.</summary>
    /// <exception cref="KeyUnavailableException">The key cannot be used now.</exception>
    public static async ValueTask<byte[]?> OpenAsync(ReadOnlyMemory<byte> recipientInfo, IAgreementKey key, CancellationToken cancellationToken) =>
        Read(new DerReader(recipientInfo).ReadConstructed(DerTag.ContextConstructed(1), "KeyAgreeRecipientInfo")) is { } read && OriginatorKey(read.Originator, key.Algorithm) is { } peer
            ? Unwrap(read, await key.AgreeAsync(peer, cancellationToken))
            : null;

    /// <summary>Null when its algorithms are not known here, or the originator's key is not in it.</summary>
    private static Agreed? Read(DerReader info)
    {
        info.ReadInt32("version", 3, 3);
        var originator = ReadOriginator(ref info);
        ReadOnlyMemory<byte> keyingMaterial = default;
        if (info.NextIs(DerTag.ContextConstructed(1)))
        {
            var tagged = info.ReadConstructed(DerTag.ContextConstructed(1), "ukm");
            keyingMaterial = tagged.ReadOctetString("ukm");
            tagged.End("ukm");
        }

        var scheme = AlgorithmIdentifiers.Read(ref info, "keyEncryptionAlgorithm", out var parameters);
        var wrapReader = new DerReader(parameters);
        var wrap = AlgorithmIdentifiers.Read(ref wrapReader, "keyWrapAlgorithm", out _);
        var keys = info.ReadElement(DerTag.Sequence, "recipientEncryptedKeys");
        return originator is not null && scheme is Oids.StdDhSha256Kdf or Oids.StdDhSha384Kdf && wrap is Oids.Aes128Wrap or Oids.Aes256Wrap
            ? new Agreed(originator.Value, scheme, wrap, parameters, keyingMaterial, keys)
            : null;
    }

    /// <param name="secret">Z; zeroized here.</param>
    private static byte[]? Unwrap(Agreed read, byte[] secret)
    {
        try
        {
            var length = read.Wrap == Oids.Aes128Wrap ? 16 : 32;
            return Unwrap(new DerReader(read.Keys).ReadSequence("recipientEncryptedKeys"), Derive(secret, read.Scheme, read.WrapIdentifier.Span, length, read.KeyingMaterial.Span))
                // BouncyCastle for .NET (and old ones for Java) derive with NULL parameters where the message has none.
                ?? Unwrap(new DerReader(read.Keys).ReadSequence("recipientEncryptedKeys"), Derive(secret, read.Scheme, WithNull(read.Wrap), length, read.KeyingMaterial.Span));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static byte[]? Unwrap(DerReader keys, byte[] keyEncryptionKey)
    {
        try
        {
            while (!keys.IsEmpty)
            {
                var encrypted = keys.ReadSequence("RecipientEncryptedKey");
                encrypted.ReadElement("rid");
                if (AesKeyWrap.Unwrap(keyEncryptionKey, encrypted.ReadOctetString("encryptedKey").Span) is { } contentKey)
                {
                    return contentKey;
                }
            }

            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyEncryptionKey);
        }
    }

    private static byte[] WithNull(string wrap)
    {
        using var writer = new DerWriter(32);
        using (writer.Sequence())
        {
            writer.WriteOid(wrap);
            writer.WriteNull();
        }

        return writer.ToArray();
    }

    // SEC 1 §3.6.1 (X9.63): Hash(Z ‖ counter ‖ SharedInfo), with the ECC-CMS-SharedInfo of RFC 5753 §7.2. The wrap's AlgorithmIdentifier goes in as it
    // stands in the message: some senders write NULL parameters.
    private static byte[] Derive(ReadOnlySpan<byte> secret, string scheme, ReadOnlySpan<byte> wrap, int length, ReadOnlySpan<byte> keyingMaterial)
    {
        using var hash = IncrementalHash.CreateHash(scheme == Oids.StdDhSha256Kdf ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384);
        hash.AppendData(secret);
        hash.AppendData([0, 0, 0, 1]);
        hash.AppendData(SharedInfo(wrap, length, keyingMaterial));
        // One round of either hash gives the 32 octets that are needed at most.
        var derived = hash.GetHashAndReset();
        var key = derived[..length];
        CryptographicOperations.ZeroMemory(derived);
        return key;
    }

    private static byte[] SharedInfo(ReadOnlySpan<byte> wrap, int length, ReadOnlySpan<byte> keyingMaterial)
    {
        using var writer = new DerWriter(64);
        using (writer.Sequence())
        {
            writer.WriteEncoded(wrap);
            if (!keyingMaterial.IsEmpty)
            {
                using var entity = writer.Constructed(DerTag.ContextConstructed(0));
                writer.WriteOctetString(keyingMaterial);
            }

            using var supplementary = writer.Constructed(DerTag.ContextConstructed(2));
            Span<byte> bits = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bits, length * 8);
            writer.WriteOctetString(bits);
        }

        return writer.ToArray();
    }

    // originator [0] EXPLICIT, originatorKey [1] IMPLICIT { AlgorithmIdentifier, BIT STRING }; the algorithm with its curve (RFC 5753 §3.1.1 allows
    // parameters to be absent, NULL or the curve; the curve is what every library reads).
    private static void WriteOriginator(DerWriter writer, ECDiffieHellman ours)
    {
        using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
        var info = new DerReader(ours.ExportSubjectPublicKeyInfo()).ReadContent(DerTag.Sequence, "SubjectPublicKeyInfo");
        writer.Write(DerTag.ContextConstructed(1), info.Span);
    }

    private static ReadOnlyMemory<byte>? ReadOriginator(ref DerReader info)
    {
        var tagged = info.ReadConstructed(DerTag.ContextConstructed(0), "originator");
        if (!tagged.NextIs(DerTag.ContextConstructed(1)))
        {
            tagged.ReadElement("originator");
            return null;
        }

        var originator = tagged.ReadConstructed(DerTag.ContextConstructed(1), "originatorKey");
        originator.ReadElement(DerTag.Sequence, "algorithm");
        return originator.ReadBitStringOctets("publicKey");
    }

    // Only the point is taken from the message: the curve is our own key's, and the point is checked to lie on it.
    private static PublicKey? OriginatorKey(ReadOnlyMemory<byte> point, KeyAlgorithm algorithm)
    {
        using var writer = new DerWriter(160);
        using (writer.Sequence())
        {
            writer.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(point.Span);
        }

        return PublicKey.TryParse(writer.ToArray(), out var valid, out _) ? valid : null;
    }

    private static void WriteRecipient(DerWriter writer, Recipient recipient)
    {
        if (recipient.Issuer is not null)
        {
            recipient.WriteIssuerAndSerial(writer);
            return;
        }

        // rKeyId [0] IMPLICIT RecipientKeyIdentifier { subjectKeyIdentifier OCTET STRING }
        using var identifier = writer.Constructed(DerTag.ContextConstructed(0));
        writer.WriteOctetString(recipient.KeyIdentifier.Span);
    }

    private static ECDiffieHellman ImportPublic(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var key = ECDiffieHellman.Create();
        key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        return key;
    }

    /// <param name="WrapIdentifier">The wrap's AlgorithmIdentifier as it stands in the message.</param>
    private sealed record Agreed(
        ReadOnlyMemory<byte> Originator, string Scheme, string Wrap, ReadOnlyMemory<byte> WrapIdentifier, ReadOnlyMemory<byte> KeyingMaterial, ReadOnlyMemory<byte> Keys);
}
