using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509;

/// <summary>Reads SubjectPublicKeyInfo fields and says which kind of refusal a bad one is.</summary>
internal static class SubjectPublicKeys
{
    /// <summary>Null with <paramref name="error"/> when the key is not one this build takes; <paramref name="unsupported"/> says whether that is for its algorithm or for its value.</summary>
    public static PublicKey? Read(ref DerReader reader, out bool unsupported, out string? error)
    {
        var encoded = reader.ReadElement(DerTag.Sequence, "subjectPublicKeyInfo");
        var fields = reader.Inside(encoded).ReadSequence("subjectPublicKeyInfo");
        var algorithm = fields.ReadElement(DerTag.Sequence, "algorithm");
        fields.ReadBitString("subjectPublicKey", out _);
        fields.End("subjectPublicKeyInfo");
        unsupported = !IsKnown(algorithm);
        return PublicKey.TryParse(encoded, out var key, out error) ? key : null;
    }

    // An RSA key of a size that nobody takes is a bad key; a curve or an algorithm that this build lacks is an unsupported algorithm.
    private static bool IsKnown(ReadOnlyMemory<byte> algorithm)
    {
        foreach (var known in KeyAlgorithm.All)
        {
            if (algorithm.Span.SequenceEqual(known.AlgorithmIdentifier.Span))
            {
                return true;
            }
        }

        return false;
    }
}
