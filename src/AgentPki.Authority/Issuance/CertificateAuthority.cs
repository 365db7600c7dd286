using System.Collections.Immutable;
using System.Diagnostics;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Issuance;

/// <summary>Hop 4: turns an approved enrolment into a certificate that is signed, read back, verified, recorded, and only then released.</summary>
internal sealed class CertificateAuthority(IssuerDirectory issuers, CommitWriter commits, AuthorityOptions options, AuthorityMetrics metrics, TimeProvider time, ILogger<CertificateAuthority> logger)
{
    private static readonly TimeSpan ShortestValidity = TimeSpan.FromSeconds(30);

    /// <summary>The certificate, durable and in the ledger, or why there is none.</summary>
    /// <param name="cancellationToken">Heeded until the signature begins; after that the caller's going away changes nothing.</param>
    /// <exception cref="KeyUnavailableException">The token cannot sign now; nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot write now; nothing was written, and nothing is released.</exception>
    public async ValueTask<Outcome<Certificate>> IssueAsync(ApprovedEnrollment approved, CancellationToken cancellationToken)
    {
        commits.RequireOpen(); // a log that was restored elsewhere signs nothing that nobody will know
        var started = Stopwatch.GetTimestamp();
        var now = time.GetUtcNow();
        var profile = approved.Profile;
        if (issuers.IssuerFor(profile) is not { } issuer)
        {
            return Refuse(PkiProblemKind.Unavailable, $"CA '{profile.Issuer}' does not exist yet", TimeSpan.FromMinutes(1));
        }

        if (await issuers.WhyNotUsableAsync(issuer, now, cancellationToken) is { } unusable)
        {
            return Refuse(PkiProblemKind.Unavailable, unusable, TimeSpan.FromMinutes(10));
        }

        // 1. A serial number that nobody can guess and that never comes again, after a restore neither.
        var serial = SerialNumber.Create(options.Epoch);

        // 2. The bytes to be signed, built once, and linted exactly as they are.
        var (notBefore, notAfter) = ValidityOf(approved, issuer.Certificate, now);
        if (notAfter - now < ShortestValidity)
        {
            return approved.Policy?.NotAfter is { } end && end - now < ShortestValidity
                ? Refuse(PkiProblemKind.Unauthorized, $"what the agent may do ends at {end:u}", null)
                : Refuse(PkiProblemKind.Unavailable, $"CA '{issuer.Name}' itself ends at {issuer.Certificate.NotAfter:u}", TimeSpan.FromMinutes(10));
        }

        // Which CRL would list it stands in the certificate and is kept with it: it never changes.
        var shard = profile.Status.CertificateList ? options.CertificateListsOf(issuers.LineageOf(issuer.Name)).ShardOf(serial) : 0;
        var draft = new CertificateDraft(
            serial,
            profile.Signature ?? issuer.Signature,
            approved.Subject,
            approved.PublicKey,
            notBefore,
            notAfter,
            issuer.PlanFor(profile, shard).For(approved),
            PositionOf(profile.Use),
            profile.Validity + profile.Backdate + TimeSpan.FromSeconds(1));

        // 3. The signature, or both of them in two phases. Once begun it is finished, and what follows is done whether or not somebody still waits (invariant 6).
        // 4. What came back is read again and verified with the CA's public key or keys, and says what was prepared.
        Certificate certificate;
        try
        {
            var (signed, findings) = await issuer.SignAsync(draft, cancellationToken);
            if (signed is null)
            {
                return RefuseLint(findings, approved.CorrelationId);
            }

            certificate = signed;
        }
        catch (SignatureRejectedException rejected)
        {
            Log.SignatureRejected(logger, issuer.Name, approved.CorrelationId, rejected);
            return Refuse(PkiProblemKind.IssuanceRejected, "what the CA's key returned does not verify; nothing was issued", null);
        }

        // 5. Certificate, agent, key binding, credential, approval and ledger entry come true together, or none of them.
        var outcome = await commits.CommitAsync(RequestFor(approved, issuer, certificate, shard, now), CancellationToken.None);
        if (outcome is CommitOutcome.Conflict conflict)
        {
            return await WithholdAsync(approved, issuer, certificate, conflict);
        }

        // 6. Release.
        metrics.Issued(profile.Name, Stopwatch.GetElapsedTime(started));
        return new Outcome<Certificate>.Done(certificate);
    }

    // RFC 5280 §4.1.2.5: whole seconds; never past the issuer, nor the agent's own bounds, and not before the issuer.
    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) ValidityOf(ApprovedEnrollment approved, Certificate issuer, DateTimeOffset now)
    {
        var profile = approved.Profile;
        var second = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var notBefore = second - profile.Backdate;
        var lifetime = approved.Lifetime < profile.Validity ? approved.Lifetime.Value : profile.Validity;
        var notAfter = second + (approved.Policy?.MaximumLifetime < lifetime ? approved.Policy.MaximumLifetime.Value : lifetime);
        notAfter = approved.Policy?.NotAfter < notAfter ? approved.Policy.NotAfter.Value : notAfter;
        return (notBefore < issuer.NotBefore ? issuer.NotBefore : notBefore, notAfter > issuer.NotAfter ? issuer.NotAfter : notAfter);
    }

    private static CertificatePosition PositionOf(ProfileUse use) => use switch
    {
        ProfileUse.Agent => CertificatePosition.EndEntity,
        ProfileUse.TlsServer => CertificatePosition.TlsServer,
        ProfileUse.OcspResponder => CertificatePosition.OcspResponder,
        ProfileUse.CmsSigner => CertificatePosition.CmsSigner,
        ProfileUse.RevocationFeed => CertificatePosition.RevocationFeed,
        ProfileUse.JwtSvidSigner => CertificatePosition.JwtSvid,
        ProfileUse.AccessTokens => CertificatePosition.AccessTokens,
        ProfileUse.Administrator => CertificatePosition.Administrator,
    };

    private static CommitRequest RequestFor(ApprovedEnrollment approved, Issuer issuer, Certificate certificate, int shard, DateTimeOffset now)
    {
        var keyFingerprint = certificate.PublicKey.Fingerprint();
        var serial = certificate.SerialNumber.ToArray();
        var changes = ImmutableArray.CreateBuilder<StoreChange>(8);
        changes.AddRange(approved.RestsOn);
        if (approved.Agent is { } agent)
        {
            // Narrowed while the token signed, itself or somebody above it: what would be wider than that is withheld.
            changes.AddRange(approved.PoliciesRead);

            if (approved.Grant is { } grant)
            {
                changes.Add(new StoreChange.UseGrant(grant));
            }

            changes.Add(new StoreChange.RegisterAgent(new AgentRecord(agent.Id, agent.Owner, approved.Profile.Name, AgentState.Active, now, agent.Parent)));
            changes.Add(new StoreChange.BindKey(keyFingerprint, agent.Id));
            if (certificate.AlternativePublicKey is { } alternative)
            {
                changes.Add(new StoreChange.BindKey(alternative.Fingerprint(), agent.Id));
            }

            changes.AddRange(StoreChange.BindHalf.Of(certificate));
        }

        if (approved.CredentialName is { } credential)
        {
            changes.Add(new StoreChange.ConsumeCredential(credential));
        }

        if (approved.ApprovalId is { } approval)
        {
            changes.Add(new StoreChange.MoveApproval(approval, ApprovalState.Approved, ApprovalState.Issued, approved.Actor, now));
        }

        changes.Add(new StoreChange.AddCertificate(new CertificateRecord(
            issuer.Name,
            serial,
            certificate.Der.ToArray(),
            approved.Profile.Name,
            approved.Agent?.Id,
            keyFingerprint,
            certificate.NotBefore,
            certificate.NotAfter,
            now,
            approved.Actor,
            certificate.PublicKey.Algorithm,
            shard,
            certificate.AlternativePublicKey?.Fingerprint())));
        if (approved.AcmeOrder is { } order)
        {
            changes.Add(new StoreChange.FulfilAcmeOrder(order, issuer.Name, serial));
        }

        if (approved.Campaign?.Change is { } step)
        {
            changes.Add(step);
        }

        return new CommitRequest(EntryFor(LedgerEntryKind.CertificateIssued, approved, issuer, certificate, keyFingerprint, null, now), changes.ToImmutable());
    }

    private static LedgerEntry EntryFor(
        LedgerEntryKind kind, ApprovedEnrollment approved, Issuer issuer, Certificate certificate, byte[] keyFingerprint, string? reason, DateTimeOffset now) =>
        new(kind, now, approved.Actor, AuditDetails.Of(
            (LedgerFacts.Authority, issuer.Name),
            (LedgerFacts.Serial, certificate.SerialHex),
            (LedgerFacts.CertificateSha256, AuditDetails.Hex(certificate.Fingerprint())),
            (AuditDetails.KeySha256, AuditDetails.Hex(keyFingerprint)),
            (AuditDetails.AlternativeKeySha256, certificate.AlternativePublicKey is { } alternative ? AuditDetails.Hex(alternative.Fingerprint()) : null),
            (AuditDetails.Agent, approved.Agent?.Id),
            (AuditDetails.Profile, approved.Profile.Name),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)),
            (AuditDetails.Approval, approved.ApprovalId),
            (AuditDetails.PolicySha256, approved.Policy is { } policy ? AuditDetails.Hex(System.Security.Cryptography.SHA256.HashData(policy.Encode())) : null),
            (LedgerFacts.GrantSha256, approved.Grant is { } grant ? AuditDetails.Hex(grant) : null),
            (AuditDetails.RelatedSha256, approved.RelatedCertificate is { } related ? AuditDetails.Hex(related.Fingerprint()) : null),
            (AuditDetails.Renews, approved.Renews),
            (AuditDetails.Campaign, approved.Campaign?.Name),
            (AuditDetails.Reason, reason),
            (AuditDetails.Protocol, approved.Protocol),
            (AuditDetails.Correlation, approved.CorrelationId)));

    private async ValueTask<Outcome<Certificate>> WithholdAsync(ApprovedEnrollment approved, Issuer issuer, Certificate certificate, CommitOutcome.Conflict conflict)
    {
        metrics.Withheld();
        var entry = EntryFor(LedgerEntryKind.CertificateWithheld, approved, issuer, certificate, certificate.PublicKey.Fingerprint(), conflict.Reason, time.GetUtcNow());
        await commits.CommitAsync(new CommitRequest(entry, []), CancellationToken.None);
        return conflict.Change switch
        {
            StoreChange.RequireGood => Refuse(PkiProblemKind.Unauthorized, "a certificate that the request rests on was revoked at the same moment", null),
            StoreChange.UseGrant => Refuse(PkiProblemKind.Unauthorized, "the child was enrolled with the grant at the same moment", null),
            StoreChange.RequirePolicy => Refuse(PkiProblemKind.Conflict, "the agent's policy was changed at the same moment; try again", TimeSpan.FromSeconds(1)),
            StoreChange.BindKey or StoreChange.AddCertificate when ConflictReasons.SaysKeyIsBlocked(conflict.Reason) =>
                Refuse(PkiProblemKind.BadPublicKey, "the public key is not certified again: a certificate over it was revoked, or the key itself; make a new key", null),
            StoreChange.BindKey => Refuse(PkiProblemKind.BadPublicKey, "the public key belongs to another agent: every agent has keys of its own", null),
            StoreChange.BindHalf => Refuse(PkiProblemKind.BadPublicKey, "half of the composite key is a key of its own, or half of another: the halves of a composite are used nowhere else", null),
            StoreChange.RegisterAgent => Refuse(PkiProblemKind.Unauthorized, "the agent (or the one that spawns it) is not active, belongs to another owner or to one who has left, or may have no more children", null),
            StoreChange.ConsumeCredential => Refuse(PkiProblemKind.Unauthorized, "the credential is revoked or has no use left", null),
            StoreChange.FulfilAcmeOrder => Refuse(PkiProblemKind.Conflict, "the order was answered already, or has ended", null),
            StoreChange.MoveApproval => Refuse(PkiProblemKind.Conflict, "the approved request was answered already", null),
            _ => Refuse(PkiProblemKind.Conflict, "the appliance's records changed at the same moment; try again", TimeSpan.FromSeconds(1)),
        };
    }

    private Outcome<Certificate>.Refused RefuseLint(IReadOnlyList<LintFinding> findings, string correlationId)
    {
        var worst = findings.First(f => f.Severity == LintSeverity.Error);
        Log.LintFailed(logger, worst.RuleName, worst.Detail, correlationId);
        return Refuse(PkiProblemKind.IssuanceRejected, $"the certificate would not be in order ({worst.RuleName}, {worst.Citation}); nothing was signed", null);
    }

    private static Outcome<Certificate>.Refused Refuse(PkiProblemKind kind, string detail, TimeSpan? retryAfter) => new(new PkiProblem(kind, detail, retryAfter));
}
