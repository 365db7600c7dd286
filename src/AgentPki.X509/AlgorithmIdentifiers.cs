using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509;

/// <summary>AlgorithmIdentifiers from outside (RFC 5280 §4.1.1.2) to the closed types of Cryptography.</summary>
internal static class AlgorithmIdentifiers
{
    /// <summary>Reads one; null when this build does not know it. <paramref name="encoded"/> is the element as it stands.</summary>
    public static SignatureAlgorithm? ReadSignature(ref DerReader reader, string field, out ReadOnlyMemory<byte> encoded)
    {
        encoded = reader.ReadElement(DerTag.Sequence, field);
        return SignatureAlgorithm.FromAlgorithmIdentifier(encoded.Span) ?? ReadPss(reader.Inside(encoded), field);
    }

    /// <summary>The dotted OID of an AlgorithmIdentifier, for messages.</summary>
    public static string OidOf(ReadOnlyMemory<byte> encoded)
    {
        var outer = new DerReader(encoded);
        return outer.ReadSequence("AlgorithmIdentifier").ReadOid("algorithm");
    }

    /// <summary>Why a signature's AlgorithmIdentifier is not taken: unknown, of an older draft, or with parameters that its standard does not allow.</summary>
    public static string DescribeUnknown(ReadOnlyMemory<byte> encoded) => UnknownAlgorithm.Describe(encoded.Span, "signature algorithm");

    /// <summary>Reads AlgorithmIdentifier { oid, parameters OPTIONAL }.</summary>
    public static string Read(ref DerReader reader, string field, out ReadOnlyMemory<byte> parameters)
    {
        var sequence = reader.ReadSequence(field);
        var oid = sequence.ReadOid(field);
        parameters = sequence.IsEmpty ? default : sequence.ReadElement(field);
        sequence.End(field);
        return oid;
    }

    /// <summary>A digest's AlgorithmIdentifier: parameters absent or NULL are the same (RFC 5754 §2).</summary>
    public static HashFunction? ReadHash(ref DerReader reader, string field)
    {
        var oid = Read(ref reader, field, out var parameters);
        return !parameters.IsEmpty && !IsNull(parameters) ? null : HashFromOid(oid);
    }

    public static HashFunction? HashFromOid(string oid) => oid switch
    {
        Oids.Sha256 => HashFunction.Sha256,
        Oids.Sha384 => HashFunction.Sha384,
        Oids.Sha512 => HashFunction.Sha512,
        _ => null,
    };

    internal static bool IsNull(ReadOnlyMemory<byte> element) => element.Span.SequenceEqual((ReadOnlySpan<byte>)[0x05, 0x00]);

    // RFC 4055 §3.1. Digest identifiers occur with and without NULL (§2.1: both are to be accepted); what the identifiers mean must be what
    // SignatureAlgorithm means: one hash, MGF1 with it, a salt as long as the hash, trailer 1.
    private static SignatureAlgorithm? ReadPss(DerReader reader, string field)
    {
        var sequence = reader.ReadSequence(field);
        if (sequence.ReadOid(field) != Oids.RsaPss || sequence.NextTag != DerTag.Sequence)
        {
            return null;
        }

        var parameters = sequence.ReadSequence(field);
        if (!parameters.NextIs(DerTag.ContextConstructed(0)))
        {
            return null;
        }

        var hashField = parameters.ReadConstructed(DerTag.ContextConstructed(0), "hashAlgorithm");
        var hash = ReadHash(ref hashField, "hashAlgorithm");
        if (!parameters.NextIs(DerTag.ContextConstructed(1)))
        {
            return null;
        }

        var mask = parameters.ReadConstructed(DerTag.ContextConstructed(1), "maskGenAlgorithm").ReadSequence("maskGenAlgorithm");
        var isMgf1 = mask.ReadOid("maskGenAlgorithm") == Oids.Mgf1;
        var maskHash = mask.NextTag == DerTag.Sequence ? ReadHash(ref mask, "maskGenAlgorithm") : null;
        var salt = parameters.NextIs(DerTag.ContextConstructed(2))
            ? parameters.ReadConstructed(DerTag.ContextConstructed(2), "saltLength").ReadInt32("saltLength", 0, 1024)
            : 20;
        if (!isMgf1 || hash is null || hash != maskHash || !parameters.IsEmpty || !sequence.IsEmpty)
        {
            return null;
        }

        return hash switch
        {
            HashFunction.Sha256 when salt == 32 => SignatureAlgorithm.RsaPssSha256,
            HashFunction.Sha384 when salt == 48 => SignatureAlgorithm.RsaPssSha384,
            HashFunction.Sha512 when salt == 64 => SignatureAlgorithm.RsaPssSha512,
            _ => null,
        };
    }
}
