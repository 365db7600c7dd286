using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Tests.Lint;

/// <summary>A TBSCertificate field by field, each of which a case can replace by other octets: what the real encoder cannot be made to write.</summary>
internal sealed record RawTbs
{
    private RawTbs(TbsCertificate tbs)
    {
        SerialNumber = Write(w => w.Write(DerTag.Integer, tbs.SerialNumber.Span));
        Signature = tbs.Signature.AlgorithmIdentifier.ToArray();
        Issuer = tbs.Issuer.Der.ToArray();
        NotBefore = Write(w => w.WriteTime(tbs.NotBefore));
        NotAfter = Write(w => w.WriteTime(tbs.NotAfter));
        Subject = tbs.Subject.Der.ToArray();
        PublicKey = tbs.PublicKey.SubjectPublicKeyInfo.ToArray();
        Extensions = tbs.Extensions;
    }

    public byte[] Version { get; init; } = [0xA0, 0x03, 0x02, 0x01, 0x02];

    public byte[] SerialNumber { get; init; }

    public byte[] Signature { get; init; }

    public byte[] Issuer { get; init; }

    public byte[] NotBefore { get; init; }

    public byte[] NotAfter { get; init; }

    public byte[] Subject { get; init; }

    public byte[] PublicKey { get; init; }

    public byte[] UniqueIdentifiers { get; init; } = [];

    public IReadOnlyList<X509Extension> Extensions { get; init; }

    /// <summary>Instead of <see cref="Extensions"/>: the octets after the key.</summary>
    public byte[]? Tail { get; init; }

    public static RawTbs From(TbsCertificate tbs) => new(tbs);

    public byte[] Encode() => Write(w =>
    {
        using var sequence = w.Sequence();
        w.WriteEncoded(Version);
        w.WriteEncoded(SerialNumber);
        w.WriteEncoded(Signature);
        w.WriteEncoded(Issuer);
        using (w.Sequence())
        {
            w.WriteEncoded(NotBefore);
            w.WriteEncoded(NotAfter);
        }

        w.WriteEncoded(Subject);
        w.WriteEncoded(PublicKey);
        w.WriteEncoded(UniqueIdentifiers);
        if (Tail is not null)
        {
            w.WriteEncoded(Tail);
        }
        else if (Extensions.Count > 0)
        {
            using var tagged = w.Constructed(DerTag.ContextConstructed(3));
            X509Extension.WriteAll(w, Extensions);
        }
    });

    public static byte[] Write(Action<DerWriter> write)
    {
        using var writer = new DerWriter();
        write(writer);
        return writer.ToArray();
    }

    /// <summary>A name of one attribute with any string type and any octets.</summary>
    public static byte[] Name(string oid, byte type, ReadOnlySpan<byte> value)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            using var set = writer.SetOf();
            using var pair = writer.Sequence();
            writer.WriteOid(oid);
            writer.Write(type, value);
        }

        return writer.ToArray();
    }

    public static readonly byte[] NullEcdsa = Convert.FromHexString("300C06082A8648CE3D0403020500");

    public static byte[] Algorithm(SignatureAlgorithm algorithm) => algorithm.AlgorithmIdentifier.ToArray();
}
