using System.Security.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>RSA key transport (RFC 5652 §6.2.1, RFC 3560 for OAEP).</summary>
internal static class KeyTransport
{
    // RFC 4055 §4.1: RSAES-OAEP, SHA-256, MGF1 with SHA-256, empty label (a default).
    private static readonly byte[] OaepSha256 = Convert.FromHexString(
        "303C06092A864886F70D010107302FA00F300D06096086480165030402010500A11C301A06092A864886F70D010108300D06096086480165030402010500");

    private static readonly byte[] RsaEncryption = Convert.FromHexString("300D06092A864886F70D0101010500");

    public static void Write(DerWriter writer, Recipient recipient, byte[] contentKey)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(recipient.PublicKey.SubjectPublicKeyInfo.Span, out _);
        var oaep = recipient.RsaKeyTransport == RsaKeyTransport.Oaep;
        var encrypted = rsa.Encrypt(contentKey, oaep ? RSAEncryptionPadding.OaepSHA256 : RSAEncryptionPadding.Pkcs1);

        using var info = writer.Sequence();
        // §6.2.1: 0 with issuer and serial number, 2 with a key identifier
        writer.WriteInteger(recipient.Issuer is null ? 2 : 0);
        recipient.WriteIdentifier(writer);
        writer.WriteEncoded(oaep ? OaepSha256 : RsaEncryption);
        writer.WriteOctetString(encrypted);
    }

    /// <summary>Null when it does not open. The answer to a failure is the same for every cause (RFC 3218: no padding oracle).</summary>
    public static byte[]? Open(DerReader info, RSA key)
    {
        info.ReadInt32("version", 0, 2);
        info.ReadElement("rid");
        var algorithm = AlgorithmIdentifiers.Read(ref info, "keyEncryptionAlgorithm", out var parameters);
        var encrypted = info.ReadOctetString("encryptedKey");
        var padding = algorithm switch
        {
            Oids.RsaEncryption => RSAEncryptionPadding.Pkcs1,
            Oids.RsaOaep => ReadOaep(parameters),
            _ => null,
        };
        if (padding is null || encrypted.Length != key.KeySize / 8)
        {
            return null;
        }

        try
        {
            return key.Decrypt(encrypted.Span, padding);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // Every default of RSAES-OAEP-params is SHA-1 (RFC 4055 §4.1); what is written here says SHA-256 throughout.
    private static RSAEncryptionPadding? ReadOaep(ReadOnlyMemory<byte> parameters)
    {
        var outer = new DerReader(parameters);
        var sequence = outer.ReadSequence("RSAES-OAEP-params");
        if (!sequence.NextIs(DerTag.ContextConstructed(0)))
        {
            return RSAEncryptionPadding.OaepSHA1;
        }

        var tagged = sequence.ReadConstructed(DerTag.ContextConstructed(0), "hashFunc");
        return AlgorithmIdentifiers.Read(ref tagged, "hashFunc", out _) switch
        {
            Oids.Sha256 => RSAEncryptionPadding.OaepSHA256,
            Oids.Sha384 => RSAEncryptionPadding.OaepSHA384,
            Oids.Sha512 => RSAEncryptionPadding.OaepSHA512,
            _ => null,
        };
    }
}
