using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A root that vouches for devices, made by software, and attestation objects as devices send them.</summary>
internal sealed class AttestationRoot : IDisposable
{
    private static readonly DateTimeOffset From = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private byte _serial = 16;

    public AttestationRoot(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = request.CreateSelfSigned(From, Until);
    }

    public Certificate Certificate => Certificate.Parse(_certificate.RawData);

    /// <summary>A certificate of this root; DER.</summary>
    public byte[] Issue(PublicKey key, string subject, DateTimeOffset? until, params X509Extension[] extensions)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.Create(_certificate, From, until ?? Until, [_serial++]).RawData;
    }

    /// <summary>The CBOR of an attestation object (WebAuthn §6.5.4).</summary>
    public static byte[] Encode(string format, IReadOnlyDictionary<string, object?> statement)
    {
        var writer = new CborWriter();
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString(format);
        writer.WriteTextString("attStmt");
        var present = statement.Where(s => s.Value is not null).ToList();
        writer.WriteStartMap(present.Count);
        foreach (var (name, value) in present)
        {
            writer.WriteTextString(name);
            Write(writer, value!);
        }

        writer.WriteEndMap();
        writer.WriteTextString("authData");
        writer.WriteByteString([1, 2, 3]);
        writer.WriteEndMap();
        return writer.Encode();
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    private static void Write(CborWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.WriteTextString(text);
                break;
            case int number:
                writer.WriteInt32(number);
                break;
            case byte[] octets:
                writer.WriteByteString(octets);
                break;
            case byte[][] list:
                writer.WriteStartArray(list.Length);
                foreach (var item in list)
                {
                    writer.WriteByteString(item);
                }

                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException(value.GetType().Name);
        }
    }
}
