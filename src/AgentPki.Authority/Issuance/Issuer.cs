using System.Collections.Concurrent;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// One certification authority of this appliance: its certificate, its chain and its key, which signs nothing that was not linted
/// just before (<see cref="IssuanceToken"/>).
/// </summary>
public sealed class Issuer : IAsyncDisposable
{
    private readonly AuthoritySigner _signer;
    private readonly AuthorityOptions _options;
    private readonly ConcurrentDictionary<CertificateProfile, ConcurrentDictionary<int, ExtensionPlan>> _plans = new(ReferenceEqualityComparer.Instance);

    /// <param name="chain">Its own certificate first, the root's last.</param>
    internal Issuer(AuthorityRecord record, IReadOnlyList<Certificate> chain, AuthoritySigner signer, AuthorityOptions options) =>
        (Record, Chain, _signer, _options) = (record, chain, signer, options);

    public AuthorityRecord Record { get; }

    public string Name => Record.Name;

    /// <summary>The CA that issued it; its own name for a root.</summary>
    public string Parent => Record.Issuer;

    public Certificate Certificate => Chain[0];

    /// <summary>Whether its key is another appliance's, or offline: it signs nothing here, and its CRLs are installed.</summary>
    public bool IsElsewhere => Record.Key.IsElsewhere;

    public IReadOnlyList<Certificate> Chain { get; }

    /// <summary>The signature it makes when a profile asks for no other.</summary>
    public SignatureAlgorithm Signature => Record.Signature;

    /// <summary>How its key is kept; null until it was opened.</summary>
    public KeyProtection? Protection => _signer.Protection;

    /// <summary>What its alternative key signs with; null when it has none and signs once (X.509 (2019) §9.8).</summary>
    public SignatureAlgorithm? AlternativeSignature => Record.Alternative?.Signature;

    /// <summary>How its alternative key is kept; null when there is none or it was not opened.</summary>
    public KeyProtection? AlternativeProtection => _signer.AlternativeProtection;

    /// <summary>The extensions of a profile's certificates in one shard, encoded once.</summary>
    internal ExtensionPlan PlanFor(CertificateProfile profile, int shard = 0) =>
        _plans.GetOrAdd(profile, static _ => new()).GetOrAdd(shard, static (s, own) => new ExtensionPlan(own.Profile, own.Self.Name, s, own.Self.Certificate, own.Self._options), (Self: this, Profile: profile));

    /// <summary>
    /// Makes a certificate: the bytes are built once and linted exactly as they are, signed, read back and verified; in two phases when this CA has an alternative key.
    /// Null with the findings when it must not be signed.
    /// </summary>
    /// <param name="cancellationToken">Heeded until the first signature begins.</param>
    /// <exception cref="KeyUnavailableException">A key cannot sign now; nothing was made.</exception>
    /// <exception cref="SignatureRejectedException">It does not read back, or a signature is wrong.</exception>
    internal ValueTask<(Certificate? Certificate, IReadOnlyList<LintFinding> Findings)> SignAsync(CertificateDraft draft, CancellationToken cancellationToken) =>
        _signer.SignAsync(TbsOf(draft), ContextOf(draft), cancellationToken);

    /// <summary>Signs a TBSCertList in the same way; <see cref="AcceptList"/> is the last step, once it is one object.</summary>
    /// <exception cref="KeyUnavailableException">A key cannot sign now.</exception>
    /// <exception cref="SignatureRejectedException">What the alternative key returned does not verify.</exception>
    internal ValueTask<(SignedList? List, IReadOnlyList<LintFinding> Findings)> SignListAsync(ReadOnlyMemory<byte> toBeSigned, SignatureAlgorithm signature, CancellationToken cancellationToken) =>
        _signer.SignListAsync(toBeSigned, signature, new CertificateListLintContext(Certificate, _options.CertificateListValidity), cancellationToken);

    /// <exception cref="SignatureRejectedException">It does not read back, or a signature is wrong.</exception>
    internal void AcceptList(ReadOnlyMemory<byte> der) => _signer.AcceptList(der);

    /// <summary>The last step of the above alone: a token for the first key, or null with the findings when the draft must not be signed as it is.</summary>
    internal IssuanceToken? Prepare(CertificateDraft draft, out IReadOnlyList<LintFinding> findings) => _signer.Prepare(TbsOf(draft), ContextOf(draft), out findings);

    /// <summary>Signs what was prepared.</summary>
    internal ValueTask<byte[]> SignAsync(IssuanceToken token, CancellationToken cancellationToken) => _signer.SignAsync(token, cancellationToken);

    /// <exception cref="KeyUnavailableException">The key is not there.</exception>
    internal ValueTask EnsureKeyAsync(CancellationToken cancellationToken) => _signer.EnsureKeysAsync(cancellationToken);

    public ValueTask DisposeAsync() => _signer.DisposeKeysAsync();

    private TbsCertificate TbsOf(CertificateDraft draft) => new()
    {
        SerialNumber = draft.Serial,
        Signature = draft.Signature,
        Issuer = Certificate.Subject,
        NotBefore = draft.NotBefore,
        NotAfter = draft.NotAfter,
        Subject = draft.Subject,
        PublicKey = draft.PublicKey,
        Extensions = draft.Extensions,
    };

    private LintContext ContextOf(CertificateDraft draft) => new(draft.Position, Certificate, draft.MaximumValidity)
    {
        TrustDomain = _options.TrustDomain,
        Understood = draft.Position == CertificatePosition.EndEntity ? _options.AgentPolicyOid : null, // critical by the profile's policyCritical alone
    };
}
