using System.Security.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>A PKCS#10 request (RFC 2986 §4) each part of which a test can spoil; the rest stays right, the signature included.</summary>
internal sealed record RawCsr
{
    public const string EcdsaSha256 = "1.2.840.10045.4.3.2";
    private const string ExtensionRequest = "1.2.840.113549.1.9.14";
    private const string SubjectAltName = "2.5.29.17";

    private RawCsr(ECDsa key, string name)
    {
        Key = key;
        Subject = Der.CommonName(name);
        Spki = key.ExportSubjectPublicKeyInfo();
        Extensions = [SanExtension(Dns(name))];
        Sign = info => key.SignData(info, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    public ECDsa Key { get; }

    public byte[] Version { get; init; } = Der.Integer(0);

    public byte[] Subject { get; init; }

    public byte[] Spki { get; init; }

    /// <summary>What the extensionRequest attribute asks for.</summary>
    public byte[][] Extensions { get; init; }

    /// <summary>The whole attributes field; null: the one extensionRequest.</summary>
    public byte[]? Attributes { get; init; }

    public byte[] SignatureAlgorithm { get; init; } = Der.Algorithm(EcdsaSha256);

    public Func<byte[], byte[]> Sign { get; init; }

    public byte SignatureUnusedBits { get; init; }

    /// <summary>A right request for a name of its own, signed by a key of its own.</summary>
    public static RawCsr New(string prefix = "hostile") => new(Csr.NewP256(), Csr.NewName(prefix));

    public static RawCsr For(ECDsa key, string name) => new(key, name);

    public RawCsr With(params byte[][] extensions) => this with { Extensions = [.. Extensions, .. extensions] };

    /// <summary>With these names in place of the one DNS name.</summary>
    public RawCsr Names(params byte[][] generalNames) => this with { Extensions = [SanExtension(generalNames)] };

    public byte[] Encode()
    {
        var info = Der.Sequence(Version, Subject, Spki, Attributes ?? Der.Context(0, ExtensionRequestAttribute(Extensions)));
        return Der.Sequence(info, SignatureAlgorithm, Der.BitString(Sign(info), SignatureUnusedBits));
    }

    public static byte[] ExtensionRequestAttribute(params byte[][] extensions) =>
        Der.Sequence(Der.Oid(ExtensionRequest), Der.Set(Der.Sequence(extensions)));

    public static byte[] SanExtension(params byte[][] generalNames) => Der.Extension(SubjectAltName, false, Der.Sequence(generalNames));

    public static byte[] Rfc822(string value) => Der.Implicit(1, System.Text.Encoding.Latin1.GetBytes(value));

    public static byte[] Dns(string value) => Der.Implicit(2, System.Text.Encoding.Latin1.GetBytes(value));

    public static byte[] Uri(string value) => Der.Implicit(6, System.Text.Encoding.UTF8.GetBytes(value));

    public static byte[] Ip(params byte[] octets) => Der.Implicit(7, octets);
}
