using System.Formats.Asn1;

namespace AgentPki.Cryptography;

/// <summary>Says of an AlgorithmIdentifier that this build does not take what it is and what would be right in its place.</summary>
/// <remarks>
/// Post-quantum algorithms had several identifiers before their standards were finished, and software that still writes those is about. The older arcs are told
/// apart from what is merely unknown, because the remedy differs: newer software, not another profile.
/// </remarks>
public static class UnknownAlgorithm
{
    // Arcs, each with a dot at its end, that stood in drafts and in implementations of drafts; none of them is in a published standard.
    private static readonly (string Arc, string What)[] OlderDrafts =
    [
        ("2.16.840.1.114027.80.", "a composite algorithm of an older draft (draft-ietf-lamps-pq-composite-sigs before version 08, or draft-ounsworth-pq-composite-sigs)"),
        ("1.3.6.1.4.1.18227.2.", "a composite algorithm of an older draft (draft-ounsworth-pq-composite-keys)"),
        ("1.3.6.1.4.1.2.267.", "an older draft's identifier of CRYSTALS-Dilithium or CRYSTALS-Kyber"),
        ("1.3.6.1.4.1.22554.5.", "an older draft's identifier of a candidate in NIST's post-quantum competition"),
        ("1.3.6.1.4.1.22554.2.", "an older draft's identifier of SPHINCS"),
        ("1.3.9999.", "an older draft's identifier that the Open Quantum Safe project made up for itself (Dilithium, Falcon, SPHINCS+, Kyber and their combinations)"),
    ];

    /// <summary>One sentence, safe to show to whoever sent it.</summary>
    /// <param name="algorithmIdentifier">The DER AlgorithmIdentifier, of which <see cref="KeyAlgorithm"/> and <see cref="SignatureAlgorithm"/> know none.</param>
    /// <param name="role">What it stands for: <c>public key algorithm</c>, <c>signature algorithm</c>.</param>
    public static string Describe(ReadOnlySpan<byte> algorithmIdentifier, string role)
    {
        try
        {
            var sequence = new AsnReader(algorithmIdentifier.ToArray(), AsnEncodingRules.DER).ReadSequence();
            var oid = sequence.ReadObjectIdentifier();
            return KeyAlgorithm.All.FirstOrDefault(a => a.Oid == oid && WithoutParameters(a)) is { } known && sequence.HasData
                ? $"The parameters of the {role} {known} must be absent ({Standard(known)}), and here {(sequence.PeekTag() == Asn1Tag.Null ? "they are NULL" : "there are some")}."
                : Describe(oid, role);
        }
        catch (AsnContentException)
        {
            return $"The {role} is not a valid AlgorithmIdentifier.";
        }
    }

    private static string Describe(string oid, string role)
    {
        if (IsPreHash(oid))
        {
            return $"The {role} {oid} is a pre-hash variant (HashML-DSA or HashSLH-DSA), which is not taken here; the pure one is (RFC 9881 §2, RFC 9909 §3).";
        }

        var (arc, what) = Array.Find(OlderDrafts, d => oid.StartsWith(d.Arc, StringComparison.Ordinal));
        return arc is null
            ? $"The {role} {oid} is not supported (or its parameters are not what the standard says)."
            : $"The {role} {oid} is {what}, not a standard's: update the software that made it.";
    }

    private static bool WithoutParameters(KeyAlgorithm algorithm) => algorithm.Family is not (AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa);

    private static string Standard(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.MlDsa => "RFC 9881 §2",
        AlgorithmFamily.SlhDsa => "RFC 9909 §3",
        AlgorithmFamily.MlKem => "RFC 9935 §3",
        AlgorithmFamily.Composite => "draft-ietf-lamps-pq-composite-sigs-19 §5.3",
        AlgorithmFamily.EdDsa => "RFC 8410 §3",
        AlgorithmFamily.Ecdsa => "RFC 5480 §2.1.1",
        AlgorithmFamily.Rsa => "RFC 3279 §2.3.1",
    };

    // NIST's signature algorithms 2.16.840.1.101.3.4.3.32 to .46: HashML-DSA and HashSLH-DSA.
    private static bool IsPreHash(string oid) =>
        oid.StartsWith("2.16.840.1.101.3.4.3.", StringComparison.Ordinal) && int.TryParse(oid.AsSpan("2.16.840.1.101.3.4.3.".Length), out var arc) && arc is >= 32 and <= 46;
}
