using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;

namespace AgentPki.X509.Cms;

/// <summary>How a SignedData is made.</summary>
public sealed record SignedDataOptions
{
    /// <summary>Null: the key's default.</summary>
    public SignatureAlgorithm? SignatureAlgorithm { get; init; }

    /// <summary>Certificates to send along beside the signer's.</summary>
    public IReadOnlyList<Certificate> Certificates { get; init; } = [];

    /// <summary>RFC 5652 §11.3; null for none.</summary>
    public DateTimeOffset? SigningTime { get; init; }
}

public sealed partial class SignedData
{
    /// <summary>A ContentInfo with <paramref name="content"/> of <paramref name="contentType"/>, signed by the key of <paramref name="signer"/>.</summary>
    public static async ValueTask<byte[]> CreateAsync(
        string contentType, ReadOnlyMemory<byte> content, ISigningKey key, Certificate signer, SignedDataOptions options, CancellationToken cancellationToken) =>
        ContentInfo.Encode(Oids.CmsSignedData, await CreateContentAsync(contentType, content, key, signer, options, cancellationToken));

    /// <summary>The SignedData without a ContentInfo around it: what goes into an envelope.</summary>
    /// <exception cref="ArgumentException">The certificate is not the key's.</exception>
    public static async ValueTask<byte[]> CreateContentAsync(
        string contentType, ReadOnlyMemory<byte> content, ISigningKey key, Certificate signer, SignedDataOptions options, CancellationToken cancellationToken)
    {
        if (!signer.PublicKey.Equals(key.PublicKey))
        {
            throw new ArgumentException("The certificate is not that of the signing key.", nameof(signer));
        }

        var algorithm = options.SignatureAlgorithm ?? key.Algorithm.DefaultSignature;
        var attributes = EncodeAttributes(contentType, algorithm, content.Span, options.SigningTime);
        var signature = await key.SignAsync(algorithm, attributes, cancellationToken);
        return Encode(contentType, content.Span, algorithm, attributes, signature, signer, options.Certificates);
    }

    // RFC 5652 §11; a SET OF in DER order, which is what is signed.
    private static byte[] EncodeAttributes(string contentType, SignatureAlgorithm algorithm, ReadOnlySpan<byte> content, DateTimeOffset? signingTime)
    {
        using var writer = new DerWriter(256);
        using (writer.SetOf())
        {
            new RequestAttribute(Oids.ContentType, [SignerInfo.AttributeOid(contentType)]).Write(writer);
            new RequestAttribute(Oids.MessageDigest, [SignerInfo.AttributeOctets(CmsDigest.For(algorithm).Compute(content))]).Write(writer);
            AlgorithmProtection.For(algorithm).Write(writer);
            if (signingTime is { } time)
            {
                using var value = new DerWriter(32);
                value.WriteTime(time);
                new RequestAttribute(Oids.SigningTime, [value.ToArray()]).Write(writer);
            }
        }

        return writer.ToArray();
    }

    private static byte[] Encode(
        string contentType, ReadOnlySpan<byte> content, SignatureAlgorithm algorithm, byte[] attributes, byte[] signature, Certificate signer, IReadOnlyList<Certificate> others)
    {
        using var writer = new DerWriter(content.Length + 4096);
        using (writer.Sequence())
        {
            // §5.1: 1 for plain data by a signer named by issuer and serial number, else 3.
            writer.WriteInteger(contentType == Oids.CmsData ? 1 : 3);
            using (writer.SetOf())
            {
                CmsDigest.For(algorithm).Write(writer);
            }

            using (writer.Sequence())
            {
                writer.WriteOid(contentType);
                using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
                writer.WriteOctetString(content);
            }

            using (writer.SetOf(DerTag.ContextConstructed(0)))
            {
                foreach (var certificate in others.Prepend(signer).Distinct())
                {
                    writer.WriteEncoded(certificate.Der.Span);
                }
            }

            using var signers = writer.SetOf();
            WriteSigner(writer, algorithm, attributes, signature, signer);
        }

        return writer.ToArray();
    }

    private static void WriteSigner(DerWriter writer, SignatureAlgorithm algorithm, byte[] attributes, byte[] signature, Certificate signer)
    {
        using var info = writer.Sequence();
        // §5.3: 1 with issuerAndSerialNumber
        writer.WriteInteger(1);
        using (writer.Sequence())
        {
            writer.WriteEncoded(signer.Issuer.Der.Span);
            writer.Write(DerTag.Integer, signer.SerialNumber.Span);
        }

        CmsDigest.For(algorithm).Write(writer);
        // signedAttrs [0] IMPLICIT: the same octets under another tag
        writer.Write(DerTag.ContextConstructed(0), new DerReader(attributes).ReadContent(DerTag.Set, "signedAttrs").Span);
        writer.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
        writer.WriteOctetString(signature);
    }
}
