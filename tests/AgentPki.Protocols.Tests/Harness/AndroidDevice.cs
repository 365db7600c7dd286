using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A device whose keystore attests keys, made by software; each property is something that a test can make wrong.</summary>
internal sealed class AndroidDevice : IDisposable
{
    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string? Serial { get; set; } = "R58M1234";

    public int AttestationLevel { get; set; } = 1;

    public int KeyLevel { get; set; } = 1;

    public int Origin { get; set; }

    public int Purpose { get; set; } = 2;

    public bool AllApplications { get; set; }

    public bool Locked { get; set; } = true;

    public int BootState { get; set; }

    /// <summary>Whether the serial number stands where software vouches for it.</summary>
    public bool SerialBySoftware { get; set; }

    public bool Described { get; set; } = true;

    public DateTimeOffset? Until { get; set; }

    /// <summary>The statement for that key authorization; tests change it before it is encoded.</summary>
    public Dictionary<string, object?> Attest(AttestationRoot root, string keyAuthorization)
    {
        var message = Encoding.UTF8.GetBytes(keyAuthorization);
        X509Extension[] extensions = Described ? [new X509Extension("1.3.6.1.4.1.11129.2.1.17", Description(SHA256.HashData(message)), false)] : [];
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["alg"] = -7,
            ["sig"] = Key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
            ["x5c"] = new[] { root.Issue(new PublicKey(Key), "CN=Android Keystore Key", Until, extensions) },
        };
    }

    public void Dispose() => Key.Dispose();

    /// <summary>The key description, an extension of the key's certificate.</summary>
    public byte[] Description(byte[] challenge)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(200);
            writer.WriteEnumeratedValue((Level)AttestationLevel);
            writer.WriteInteger(200);
            writer.WriteEnumeratedValue((Level)KeyLevel);
            writer.WriteOctetString(challenge);
            writer.WriteOctetString([]);
            using (writer.PushSequence())
            {
                Field(writer, 701, w => w.WriteInteger(1_700_000_000_000)); // creationDateTime
                if (Serial is not null && SerialBySoftware)
                {
                    Field(writer, 713, w => w.WriteOctetString(Encoding.UTF8.GetBytes(Serial)));
                }
            }

            using (writer.PushSequence())
            {
                Field(writer, 1, w =>
                {
                    using (w.PushSetOf())
                    {
                        w.WriteInteger(Purpose);
                    }
                });
                Field(writer, 2, w => w.WriteInteger(3));
                if (AllApplications)
                {
                    Field(writer, 600, w => w.WriteNull());
                }

                Field(writer, 702, w => w.WriteInteger(Origin));
                Field(writer, 704, WriteRootOfTrust);
                if (Serial is not null && !SerialBySoftware)
                {
                    Field(writer, 713, w => w.WriteOctetString(Encoding.UTF8.GetBytes(Serial)));
                }
            }
        }

        return writer.Encode();
    }

    private void WriteRootOfTrust(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteOctetString(new byte[32]);
            writer.WriteBoolean(Locked);
            writer.WriteEnumeratedValue((Level)BootState);
            writer.WriteOctetString(new byte[32]);
        }
    }

    private static void Field(AsnWriter writer, int tag, Action<AsnWriter> write)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag)))
        {
            write(writer);
        }
    }

    private enum Level
    {
        Zero,
        One,
        Two,
        Three,
    }
}
