using System.Security.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Ocsp;

/// <summary>RFC 6960 §4.1.1 CertID: which certificate is asked about, by hashes of its issuer and its serial number.</summary>
public sealed class CertId : IEquatable<CertId>
{
    private CertId(ReadOnlyMemory<byte> encoded, string hashOid, ReadOnlyMemory<byte> nameHash, ReadOnlyMemory<byte> keyHash, ReadOnlyMemory<byte> serialNumber) =>
        (Encoded, HashOid, IssuerNameHash, IssuerKeyHash, SerialNumber) = (encoded, hashOid, nameHash, keyHash, serialNumber);

    /// <summary>As it came; a response repeats these very octets, because clients compare them so (with NULL parameters or without).</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>Dotted: SHA-1, SHA-256, SHA-384 or SHA-512 can match an issuer here.</summary>
    public string HashOid { get; }

    public ReadOnlyMemory<byte> IssuerNameHash { get; }

    public ReadOnlyMemory<byte> IssuerKeyHash { get; }

    /// <summary>Content octets of the INTEGER, minimal.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; }

    /// <summary>Whether the asked certificate's issuer is <paramref name="issuer"/>.</summary>
    public bool IsIssuedBy(Certificate issuer) =>
        IssuerHashes.Compute(issuer, HashOid) is { } hashes && IsIssuedBy(hashes);

    /// <summary>The same with hashes computed once; a responder keeps them for each of its CAs.</summary>
    public bool IsIssuedBy(IssuerHashes hashes) =>
        HashOid == hashes.HashOid && IssuerNameHash.Span.SequenceEqual(hashes.NameHash.Span) && IssuerKeyHash.Span.SequenceEqual(hashes.KeyHash.Span);

    /// <summary>A CertID for <paramref name="serialNumber"/> of <paramref name="issuer"/>; SHA-1 unless told otherwise, which is what responders know (RFC 5019 §2.1.1).</summary>
    public static CertId Create(Certificate issuer, ReadOnlyMemory<byte> serialNumber, string hashOid = Oids.Sha1)
    {
        var hashes = IssuerHashes.Compute(issuer, hashOid) ?? throw new ArgumentException($"No hash of OID {hashOid} here.", nameof(hashOid));
        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                writer.WriteOid(hashOid);
                writer.WriteNull();
            }

            writer.WriteOctetString(hashes.NameHash.Span);
            writer.WriteOctetString(hashes.KeyHash.Span);
            writer.Write(DerTag.Integer, serialNumber.Span);
        }

        var reader = new DerReader(writer.ToArray());
        return Read(ref reader);
    }

    public bool Equals(CertId? other) =>
        other is not null && HashOid == other.HashOid && IssuerNameHash.Span.SequenceEqual(other.IssuerNameHash.Span)
        && IssuerKeyHash.Span.SequenceEqual(other.IssuerKeyHash.Span) && SerialNumber.Span.SequenceEqual(other.SerialNumber.Span);

    public override bool Equals(object? obj) => Equals(obj as CertId);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(SerialNumber.Span);
        hash.AddBytes(IssuerKeyHash.Span);
        return hash.ToHashCode();
    }

    internal static CertId Read(ref DerReader reader)
    {
        var encoded = reader.ReadElement(DerTag.Sequence, "CertID");
        var fields = reader.Inside(encoded).ReadSequence("CertID");
        var oid = AlgorithmIdentifiers.Read(ref fields, "hashAlgorithm", out _);
        var nameHash = fields.ReadOctetString("issuerNameHash");
        var keyHash = fields.ReadOctetString("issuerKeyHash");
        var serial = fields.ReadIntegerContent("serialNumber");
        fields.End("CertID");
        return serial.Length <= 32 && nameHash.Length <= 64 && keyHash.Length <= 64
            ? new CertId(encoded, oid, nameHash, keyHash, serial)
            : throw reader.Malformed("CertID: a hash or the serial number is too long");
    }
}

/// <summary>What identifies an issuer in a CertID: the hash of its name, and of its key's bits.</summary>
public sealed record IssuerHashes(string HashOid, ReadOnlyMemory<byte> NameHash, ReadOnlyMemory<byte> KeyHash)
{
    /// <summary>Null for a hash function that is not known here.</summary>
    public static IssuerHashes? Compute(Certificate issuer, string hashOid)
    {
        Func<ReadOnlySpan<byte>, byte[]>? hash = hashOid switch
        {
            // SHA-1 only names an issuer here; nothing rests on its collision resistance.
            Oids.Sha1 => SHA1.HashData,
            Oids.Sha256 => SHA256.HashData,
            Oids.Sha384 => SHA384.HashData,
            Oids.Sha512 => SHA512.HashData,
            _ => null,
        };
        return hash is null ? null : new IssuerHashes(hashOid, hash(issuer.Subject.Der.Span), hash(issuer.PublicKey.KeyBits.Span));
    }
}
