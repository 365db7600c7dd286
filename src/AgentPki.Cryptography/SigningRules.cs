namespace AgentPki.Cryptography;

/// <summary>What every <see cref="ISigningKey"/> checks before it signs, wherever the key lives.</summary>
public static class SigningRules
{
    /// <exception cref="ArgumentException">
    /// The algorithm is not one of the key's kind; or a half of a composite key is asked for a signature of its own, or another key for half of a
    /// composite signature (draft-ietf-lamps-pq-composite-sigs-19 §3.1: component keys are never used elsewhere).
    /// </exception>
    public static void Check(ISigningKey key, SignatureAlgorithm algorithm)
    {
        if (!algorithm.Fits(key.Algorithm))
        {
            throw new ArgumentException($"{algorithm} does not fit a key of {key.Algorithm}.", nameof(algorithm));
        }

        if (key.Purpose == KeyPurpose.CompositeHalf != algorithm.HalfOf is not null)
        {
            throw new ArgumentException(
                algorithm.HalfOf is null
                    ? $"Key '{key.Reference.Label}' is half of a composite key and signs nothing by itself."
                    : $"Key '{key.Reference.Label}' is for {key.Purpose} and is not half of a composite key: it makes no half of a {algorithm.HalfOf} signature.",
                nameof(algorithm));
        }
    }
}
