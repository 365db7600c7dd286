using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Home;

/// <summary>Certificates and keys as PEM files (RFC 7468).</summary>
public static class Pem
{
    private const string CertificateLabel = "CERTIFICATE";
    private const string PublicKeyLabel = "PUBLIC KEY";
    private const string PrivateKeyLabel = "PRIVATE KEY";

    public static string Encode(params IEnumerable<Certificate> certificates) =>
        string.Concat(certificates.Select(c => PemEncoding.WriteString(CertificateLabel, c.Der.Span) + "\n"));

    /// <summary>RFC 5958 PKCS#8, unencrypted.</summary>
    public static string EncodeKey(ReadOnlySpan<byte> pkcs8) => PemEncoding.WriteString(PrivateKeyLabel, pkcs8) + "\n";

    /// <summary>The SubjectPublicKeyInfo (RFC 7468 §13).</summary>
    public static string EncodePublicKey(PublicKey key) => PemEncoding.WriteString(PublicKeyLabel, key.SubjectPublicKeyInfo.Span) + "\n";

    /// <summary>The public key of a file; null when the file is missing or holds none that this build knows.</summary>
    public static PublicKey? TryReadPublicKey(string path) =>
        Read(path, PublicKeyLabel) is [var der, ..] && PublicKey.TryParse(der, out var key, out _) ? key : null;

    /// <summary>Every certificate of a file in its order; null when the file is missing, empty or damaged.</summary>
    public static IReadOnlyList<Certificate>? TryReadCertificates(string path)
    {
        if (Read(path, CertificateLabel) is not { Count: > 0 } blocks)
        {
            return null;
        }

        try
        {
            return [.. blocks.Select(der => Certificate.Parse(der))];
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    /// <summary>The PKCS#8 key of a file; null when the file is missing or holds none.</summary>
    public static byte[]? TryReadKey(string path) => Read(path, PrivateKeyLabel) is [var key, ..] ? key : null;

    private static List<byte[]>? Read(string path, string label)
    {
        string text;
        try
        {
            text = File.ReadAllText(path, Encoding.ASCII);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var blocks = new List<byte[]>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label].SequenceEqual(label))
            {
                blocks.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            }

            rest = rest[fields.Location.End..];
        }

        return blocks;
    }
}
