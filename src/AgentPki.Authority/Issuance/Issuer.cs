using System.Collections.Concurrent;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// One certification authority of this appliance: its certificate, its chain and its key, which signs nothing that did not come through
/// one of the <c>Prepare</c> methods below.
/// </summary>
public sealed class Issuer : IAsyncDisposable
{
    private readonly GuardedKey _key;
    private readonly CryptoProviders _providers;
    private readonly AuthorityOptions _options;
    private readonly ConcurrentDictionary<CertificateProfile, ExtensionPlan> _plans = new(ReferenceEqualityComparer.Instance);

    /// <param name="chain">Its own certificate first, the root's last.</param>
    internal Issuer(AuthorityRecord record, IReadOnlyList<Certificate> chain, GuardedKey key, CryptoProviders providers, AuthorityOptions options) =>
        (Record, Chain, _key, _providers, _options) = (record, chain, key, providers, options);

    public AuthorityRecord Record { get; }

    public string Name => Record.Name;

    /// <summary>The CA that issued it; its own name for a root.</summary>
    public string Parent => Record.Issuer;

    public Certificate Certificate => Chain[0];

    public IReadOnlyList<Certificate> Chain { get; }

    /// <summary>The signature it makes when a profile asks for no other.</summary>
    public SignatureAlgorithm Signature => Record.Signature;

    /// <summary>How its key is kept; null until it was opened.</summary>
    public KeyProtection? Protection => _key.Protection;

    /// <summary>The extensions of a profile, encoded once.</summary>
    internal ExtensionPlan PlanFor(CertificateProfile profile) => _plans.GetOrAdd(profile, static (p, self) => new ExtensionPlan(p, self.Name, self.Certificate, self._options), this);

    /// <summary>Builds the TBSCertificate once and lints exactly those bytes; null, with the findings, when they must not be signed.</summary>
    internal IssuanceToken? Prepare(CertificateDraft draft, out IReadOnlyList<LintFinding> findings)
    {
        var toBeSigned = new TbsCertificate
        {
            SerialNumber = draft.Serial,
            Signature = draft.Signature,
            Issuer = Certificate.Subject,
            NotBefore = draft.NotBefore,
            NotAfter = draft.NotAfter,
            Subject = draft.Subject,
            PublicKey = draft.PublicKey,
            Extensions = draft.Extensions,
        }.Encode();
        var context = new LintContext(draft.Position, Certificate, draft.MaximumValidity) { TrustDomain = _options.TrustDomain, SigningAlgorithm = draft.Signature };
        return IssuanceToken.ForCertificate(toBeSigned, draft.Signature, context, _key, out findings);
    }

    /// <summary>Lints a TBSCertList; null, with the findings, when it must not be signed.</summary>
    internal IssuanceToken? PrepareList(byte[] toBeSigned, out IReadOnlyList<LintFinding> findings)
    {
        var context = new CertificateListLintContext(Certificate, _options.CertificateListValidity) { SigningAlgorithm = Signature };
        return IssuanceToken.ForCertificateList(toBeSigned, Signature, context, _key, out findings);
    }

    /// <summary>Signs what was prepared.</summary>
    internal ValueTask<byte[]> SignAsync(IssuanceToken token, CancellationToken cancellationToken) => _key.SignAsync(token, cancellationToken);

    /// <summary>Reads an assembled certificate back and verifies it with this CA's public key (invariant 3).</summary>
    /// <exception cref="SignatureRejectedException">It does not read back, or its signature is wrong.</exception>
    internal Certificate Accept(byte[] der)
    {
        if (!Certificate.TryParse(der, out var certificate, out var error))
        {
            throw new SignatureRejectedException($"The signed certificate does not read back: {error}");
        }

        return certificate.VerifySignature(Certificate.PublicKey, _providers)
            ? certificate
            : throw new SignatureRejectedException($"The signature that the key of CA '{Name}' made does not verify with the CA's public key.");
    }

    /// <exception cref="KeyUnavailableException">The key is not there.</exception>
    internal ValueTask EnsureKeyAsync(CancellationToken cancellationToken) => _key.EnsureOpenAsync(cancellationToken);

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
