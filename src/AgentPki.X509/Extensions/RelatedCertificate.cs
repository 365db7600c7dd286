using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Extensions;

/// <summary>RFC 9763 §4.1 RelatedCertificate: the hash of another certificate of the same end entity, usually one with a key of another algorithm.</summary>
/// <param name="HashOid">The dotted digest algorithm.</param>
/// <param name="Hash">Null when that algorithm is not one this build takes.</param>
/// <param name="Value">The hash over the whole certificate.</param>
public sealed record RelatedCertificate(string HashOid, HashFunction? Hash, ReadOnlyMemory<byte> Value)
{
    /// <summary>
    /// Names a certificate. §4.1: with the hash that its own signature names, where it names one; where it names none (Ed25519, ML-DSA, …), with SHA-512, which is no weaker than any of them.
    /// </summary>
    public static RelatedCertificate To(Certificate certificate)
    {
        var hash = certificate.SignatureAlgorithm.Hash is HashFunction.None ? HashFunction.Sha512 : certificate.SignatureAlgorithm.Hash;
        return new RelatedCertificate(OidOf(hash), hash, Compute(hash, certificate));
    }

    /// <summary>Whether it is that certificate, octet by octet; false for a hash that this build does not take.</summary>
    public bool Names(Certificate certificate) => Hash is { } hash && Value.Span.SequenceEqual(Compute(hash, certificate));

    /// <summary>Not critical: "Marking this extension critical would severely impact interoperability" (§4.1).</summary>
    public X509Extension ToExtension()
    {
        using var writer = new DerWriter(96);
        using (writer.Sequence())
        {
            // DigestAlgorithmIdentifier; RFC 5754 §2: parameters absent.
            using (writer.Sequence())
            {
                writer.WriteOid(HashOid);
            }

            writer.WriteOctetString(Value.Span);
        }

        return new X509Extension(Oids.RelatedCertificate, false, writer.ToArray());
    }

    /// <exception cref="MalformedDataException">Not the DER of RelatedCertificate.</exception>
    public static RelatedCertificate Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("RelatedCertificate");
        outer.End("RelatedCertificate");
        var oid = AlgorithmIdentifiers.Read(ref sequence, "hashAlgorithm", out var parameters);
        var hash = sequence.ReadOctetString("hashValue");
        sequence.End("RelatedCertificate");
        // RFC 5754 §2: parameters absent or NULL are the same; a hash with others is another one.
        return hash.IsEmpty ? throw sequence.Malformed("hashValue: empty") : new RelatedCertificate(oid, parameters.IsEmpty || AlgorithmIdentifiers.IsNull(parameters) ? AlgorithmIdentifiers.HashFromOid(oid) : null, hash);
    }

    private static string OidOf(HashFunction hash) => hash switch
    {
        HashFunction.Sha256 => Oids.Sha256,
        HashFunction.Sha384 => Oids.Sha384,
        HashFunction.Sha512 => Oids.Sha512,
        HashFunction.None => throw new ArgumentException("No digest.", nameof(hash)),
    };

    private static byte[] Compute(HashFunction hash, Certificate certificate) => hash switch
    {
        HashFunction.Sha256 => SHA256.HashData(certificate.Der.Span),
        HashFunction.Sha384 => SHA384.HashData(certificate.Der.Span),
        HashFunction.Sha512 => SHA512.HashData(certificate.Der.Span),
        HashFunction.None => throw new ArgumentException("No digest.", nameof(hash)),
    };
}
