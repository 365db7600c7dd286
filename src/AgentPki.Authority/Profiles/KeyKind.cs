using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Profiles;

/// <summary>
/// Which key or keys a certificate is about: one, written as its algorithm (<c>ecdsa-p256</c>), or one with an alternative beside it (X.509 (2019) §9.8.2), written
/// <c>catalyst ecdsa-p256 + ml-dsa-65</c>. The same words name the keys of a certification authority.
/// </summary>
/// <param name="Alternative">Of another algorithm, one that signs; null: one key.</param>
public sealed record KeyKind(KeyAlgorithm Key, KeyAlgorithm? Alternative = null)
{
    private const string Word = "catalyst ";

    public bool IsCatalyst => Alternative is not null;

    /// <summary>Whether it holds against a quantum computer: one of two does where both signatures are demanded.</summary>
    public bool IsQuantumSafe => Key.IsQuantumSafe || Alternative is { IsQuantumSafe: true };

    /// <summary>What a certificate is about; its alternative key as far as this build knows it.</summary>
    public static KeyKind Of(Certificate certificate) => new(certificate.PublicKey.Algorithm, certificate.AlternativePublicKey?.Algorithm);

    /// <param name="error">What would be right.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out KeyKind? kind, [NotNullWhen(false)] out string? error)
    {
        kind = null;
        if (!text.StartsWith(Word, StringComparison.Ordinal))
        {
            kind = KeyAlgorithm.Find(text) is { } single ? new KeyKind(single) : null;
            error = kind is null ? $"'{text}' is unknown; known: {string.Join(", ", KeyAlgorithm.All)}, and two of these as catalyst ecdsa-p256 + ml-dsa-65" : null;
            return kind is not null;
        }

        if (text[Word.Length..].Split('+', StringSplitOptions.TrimEntries) is not [var first, var second]
            || KeyAlgorithm.Find(first) is not { } key || KeyAlgorithm.Find(second) is not { } alternative)
        {
            error = $"'{text}': two known kinds of keys are wanted, for example catalyst ecdsa-p256 + ml-dsa-65";
            return false;
        }

        error = WhyNotTogether(key, alternative);
        kind = error is null ? new KeyKind(key, alternative) : null;
        return kind is not null;
    }

    /// <summary>Null when a certificate can be about both.</summary>
    internal static string? WhyNotTogether(KeyAlgorithm key, KeyAlgorithm alternative) => key switch
    {
        _ when key == alternative => $"{key} twice is no stronger than once: the alternative key is of another algorithm",
        { CanSign: false } => $"a {key} key signs nothing, and so cannot sign beside an alternative one",
        _ when !alternative.CanSign => $"a {alternative} key signs nothing, and so is no alternative key",
        _ => null,
    };

    public override string ToString() => Alternative is null ? Key.Name : $"{Word}{Key} + {Alternative}";
}
