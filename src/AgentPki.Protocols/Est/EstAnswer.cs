using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>Writes EST's answers: base64 bodies, the multipart of serverkeygen, and "come back later".</summary>
internal static class EstAnswer
{
    private const string TransferEncoding = "Content-Transfer-Encoding";

    /// <summary>One base64 body with a known length, written into the connection's own buffer.</summary>
    public static Task WriteAsync(HttpContext context, string contentType, ReadOnlySpan<byte> der)
    {
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = EstBase64.LengthOf(der.Length);
        // RFC 8951 §3.2.3 calls it meaningless; BouncyCastle's client decodes base64 only where it stands.
        response.Headers[TransferEncoding] = "base64";
        EstBase64.Write(der, response.BodyWriter);
        return FlushAsync(context);
    }

    /// <summary>RFC 7030 §4.2.3: exactly the one certificate. Not to be kept by any cache.</summary>
    public static Task WriteCertificateAsync(HttpContext context, Certificate certificate)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        return WriteAsync(context, EstMediaTypes.CertsOnly, CertsOnly.Encode(certificate.Der));
    }

    /// <summary>
    /// RFC 7030 §4.4.2: multipart/mixed (RFC 2046 §5.1) of the private key and the certificate. The outer message has no Content-Transfer-Encoding;
    /// each part has its own.
    /// </summary>
    /// <param name="key">PKCS#8, or the EnvelopedData around it; its copies made here are erased.</param>
    /// <param name="keyType">The media type that says which.</param>
    public static async Task WriteKeyAsync(HttpContext context, ReadOnlyMemory<byte> key, string keyType, Certificate certificate)
    {
        var boundary = $"est-{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        var body = new ArrayBufferWriter<byte>(8 * 1024);
        WritePart(body, boundary, keyType, key.Span);
        WritePart(body, boundary, EstMediaTypes.CertsOnly, CertsOnly.Encode(certificate.Der));
        Ascii(body, $"--{boundary}--\r\n");

        var response = context.Response;
        response.ContentType = $"multipart/mixed; boundary={boundary}";
        response.ContentLength = body.WrittenCount;
        response.Headers.CacheControl = "no-store";
        response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        try
        {
            await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
        }
        finally
        {
            body.Clear(); // zeroes what it held
        }
    }

    /// <summary>RFC 7030 §4.2.3: 202 with Retry-After in seconds.</summary>
    public static Task WritePendingAsync(HttpContext context, TimeSpan retryAfter) => ProblemText.WriteTextAsync(
        context,
        StatusCodes.Status202Accepted,
        $"A person must approve this request. Post the same request again after the time in Retry-After.\n(correlation id {CorrelationId.Of(context)})\n",
        retryAfter);

    private static void WritePart(ArrayBufferWriter<byte> body, string boundary, string contentType, ReadOnlySpan<byte> der)
    {
        Ascii(body, $"--{boundary}\r\nContent-Type: {contentType}\r\n{TransferEncoding}: base64\r\n\r\n");
        EstBase64.Write(der, body);
        Ascii(body, "\r\n"); // the line break before a delimiter belongs to the delimiter (RFC 2046 §5.1.1)
    }

    private static void Ascii(ArrayBufferWriter<byte> body, string text) => Encoding.ASCII.GetBytes(text, body);

    private static Task FlushAsync(HttpContext context)
    {
        var flush = context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        return flush.IsCompletedSuccessfully ? Task.CompletedTask : flush.AsTask();
    }
}
