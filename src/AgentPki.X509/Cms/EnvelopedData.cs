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

/// <summary>RFC 5652 §6 EnvelopedData and RFC 5083 AuthEnvelopedData: closed for RSA, elliptic-curve and ML-KEM recipients, opened with a private key.</summary>
public static partial class EnvelopedData
{
    private const int GcmNonceOctets = 12;
    private const int GcmTagOctets = 16;

    /// <summary>A ContentInfo in which <paramref name="content"/> of <paramref name="contentType"/> is encrypted for each recipient.</summary>
    /// <param name="contentType">Dotted; for anything but id-data, <paramref name="content"/> is the content's DER without a ContentInfo.</param>
    /// <param name="providers">Encapsulate to ML-KEM recipients.</param>
    /// <exception cref="NotSupportedException">No provider encapsulates to a recipient's key.</exception>
    public static async ValueTask<byte[]> EncryptAsync(
        string contentType, ReadOnlyMemory<byte> content, ContentEncryption encryption, IReadOnlyList<Recipient> recipients, CryptoProviders providers, CancellationToken cancellationToken)
    {
        if (recipients.Count is 0 or > Limits.CmsParties)
        {
            throw new ArgumentException($"An envelope has 1 to {Limits.CmsParties} recipients.", nameof(recipients));
        }

        var key = RandomNumberGenerator.GetBytes(32);
        try
        {
            var infos = new List<byte[]>(recipients.Count);
            foreach (var recipient in recipients)
            {
                infos.Add(await CloseAsync(recipient, key, providers, cancellationToken));
            }

            return encryption == ContentEncryption.Aes256Cbc
                ? ContentInfo.Encode(Oids.CmsEnvelopedData, EncryptCbc(contentType, content.Span, key, VersionFor(recipients), infos))
                : ContentInfo.Encode(Oids.CmsAuthEnvelopedData, EncryptGcm(contentType, content.Span, key, infos));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    // RFC 5652 §6.1: 0 when all recipients are key transport by issuer and serial number, 3 when one is of another kind (ori), else 2.
    private static int VersionFor(IReadOnlyList<Recipient> recipients) => recipients.Any(r => r.PublicKey.Algorithm.CanEncapsulate) ? 3
        : recipients.All(r => r.Issuer is not null && r.PublicKey.Algorithm.Family == AlgorithmFamily.Rsa) ? 0
        : 2;

    private static async ValueTask<byte[]> CloseAsync(Recipient recipient, byte[] key, CryptoProviders providers, CancellationToken cancellationToken)
    {
        if (recipient.PublicKey.Algorithm.CanEncapsulate)
        {
            return await KeyEncapsulationRecipient.CloseAsync(recipient, key, providers, cancellationToken);
        }

        using var writer = new DerWriter(1024);
        if (recipient.PublicKey.Algorithm.Family == AlgorithmFamily.Rsa)
        {
            KeyTransport.Write(writer, recipient, key);
        }
        else
        {
            KeyAgreement.Write(writer, recipient, key);
        }

        return writer.ToArray();
    }

    private static byte[] EncryptCbc(string contentType, ReadOnlySpan<byte> content, byte[] key, int version, List<byte[]> recipients)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var vector = RandomNumberGenerator.GetBytes(16);
        var cipherText = aes.EncryptCbc(content, vector);
        using var writer = new DerWriter(cipherText.Length + 2048);
        using (writer.Sequence())
        {
            writer.WriteInteger(version);
            WriteRecipients(writer, recipients);
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

    private static byte[] EncryptGcm(string contentType, ReadOnlySpan<byte> content, byte[] key, List<byte[]> recipients)
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
            WriteRecipients(writer, recipients);
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

    private static void WriteRecipients(DerWriter writer, List<byte[]> recipients)
    {
        using var set = writer.SetOf();
        foreach (var recipient in recipients)
        {
            writer.WriteEncoded(recipient);
        }
    }
}
