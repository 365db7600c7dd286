using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Ceremony;

/// <summary>One CA that a ceremony makes.</summary>
/// <param name="Name">As in configuration and URLs, for example <c>root</c>.</param>
/// <param name="Signature">Null: the key's own default.</param>
public sealed record CeremonyAuthority(string Name, X500Name Subject, KeyAlgorithm KeyAlgorithm, SignatureAlgorithm? Signature, TimeSpan Validity)
{
    /// <summary>A second key of this CA (X.509 (2019) §9.8), in its certificate and on everything it signs; null: it signs once.</summary>
    public KeyAlgorithm? AlternativeKeyAlgorithm { get; init; }

    /// <summary>The kind of its key or keys, as people write it: <c>ecdsa-p384</c>, <c>catalyst ecdsa-p384 + ml-dsa-65</c>.</summary>
    public KeyKind Keys => new(KeyAlgorithm, AlternativeKeyAlgorithm);

    internal SignatureAlgorithm EffectiveSignature => Signature ?? KeyAlgorithm.DefaultSignature;

    /// <summary>The same CA with keys of another kind, and their own default signatures.</summary>
    public CeremonyAuthority With(KeyKind keys) => this with { KeyAlgorithm = keys.Key, AlternativeKeyAlgorithm = keys.Alternative, Signature = null };

    /// <exception cref="ArgumentException">Says what would be right.</exception>
    internal void Validate()
    {
        if (Name.Length is 0 or > 32 || Name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            throw new ArgumentException($"CA name '{Name}': 1 to 32 lower-case letters, digits and '-' are wanted; it stands in URLs.");
        }

        if (!KeyAlgorithm.CanSign)
        {
            throw new ArgumentException($"CA '{Name}': a {KeyAlgorithm} key signs nothing.");
        }

        if (!EffectiveSignature.Fits(KeyAlgorithm))
        {
            throw new ArgumentException($"CA '{Name}': {Signature} does not fit a {KeyAlgorithm} key.");
        }

        if (AlternativeKeyAlgorithm is { } alternative && KeyKind.WhyNotTogether(KeyAlgorithm, alternative) is { } wrong)
        {
            throw new ArgumentException($"CA '{Name}': {wrong}.");
        }

        if (KeyAlgorithm == KeyAlgorithm.Rsa2048 || AlternativeKeyAlgorithm == KeyAlgorithm.Rsa2048)
        {
            throw new ArgumentException($"CA '{Name}': rsa-2048 is too small for a CA; rsa-3072 and rsa-4096 are taken.");
        }
    }
}

/// <summary>What a development ceremony makes. Where its keys are made is <see cref="KeyPlacement"/>'s business.</summary>
/// <param name="KeyPrefix">Stands before every key's label, so that two homes can share a token.</param>
/// <param name="ConstrainTrustDomain">Whether the issuing CA may certify URIs of its own trust domain only (RFC 5280 §4.2.1.10).</param>
public sealed record CeremonyOptions(string KeyPrefix, CeremonyAuthority Root, CeremonyAuthority Issuing, bool ConstrainTrustDomain = true)
{
    /// <summary>P-384 root for ten years, P-256 issuing CA for five.</summary>
    public static CeremonyOptions Development(string keyPrefix, string organization) => new(
        keyPrefix,
        new CeremonyAuthority("root", X500Name.FromRfc4514($"CN=AgentPki Development Root,O={organization}"), KeyAlgorithm.EcdsaP384, null, TimeSpan.FromDays(3650)),
        new CeremonyAuthority("issuing", X500Name.FromRfc4514($"CN=AgentPki Development Issuing CA,O={organization}"), KeyAlgorithm.EcdsaP256, null, TimeSpan.FromDays(1825)));

    /// <summary>What the CA of <see cref="Tls"/> is called.</summary>
    public const string TlsName = "tls";

    /// <summary>
    /// A self-signed classical CA for the appliance's own HTTPS certificate alone, where the platform's TLS knows nothing of the issuing CA's signature;
    /// null: the issuing CA issues that too.
    /// </summary>
    public CeremonyAuthority? Tls { get; init; }

    /// <summary>P-256 for five years: every stock client knows it.</summary>
    public static CeremonyAuthority TlsAuthority(string organization) =>
        new(TlsName, X500Name.FromRfc4514($"CN=AgentPki Development TLS CA,O={organization}"), KeyAlgorithm.EcdsaP256, null, TimeSpan.FromDays(1825));

    /// <summary>What the key of a CA is called.</summary>
    public string KeyLabelOf(CeremonyAuthority authority) => $"{KeyPrefix}{authority.Name}-ca";

    /// <summary>What the checkpoint key of a home with this prefix is called.</summary>
    public static string CheckpointLabel(string keyPrefix) => $"{keyPrefix}ledger";

    /// <summary>What the ML-DSA-44 key beside it is called.</summary>
    public static string SecondCheckpointLabel(string keyPrefix) => $"{CheckpointLabel(keyPrefix)}-ml-dsa-44";
}

/// <summary>What a step of the ceremony did.</summary>
/// <param name="IsNew">False: it was there from an earlier run.</param>
public sealed record CeremonyStep(string Name, string Detail, bool IsNew);
