using System.Buffers.Binary;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Recovery;

/// <summary>What was adopted.</summary>
/// <param name="Certificates">Certificates that are known again.</param>
/// <param name="Revocations">Revocations that are true again.</param>
/// <param name="Known">What was known already.</param>
/// <param name="Unknown">Entries of a CRL about certificates that are not known here.</param>
public sealed record Adoption(int Certificates, int Revocations, int Known, int Unknown);

/// <summary>
/// Makes known again what a restore has lost, from what others have kept: a certificate of an earlier epoch, and the revocations of a CRL (docs/recovery.md). Nothing is believed but
/// our own CAs' signatures.
/// </summary>
public sealed class AdoptionService(AuthorityServices authority, CryptoProviders providers, TimeProvider time)
{
    /// <summary>Revocations of a list that wait together for one flush to disk.</summary>
    private const int CommittedAtOnce = 256;

    /// <param name="der">A certificate, or a complete CRL.</param>
    /// <param name="owner">Whose the agent is, where it is not known here; null: it must be known.</param>
    /// <param name="profile">What the certificate was issued by; null: the default.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<Outcome<Adoption>> AdoptAsync(ReadOnlyMemory<byte> der, string? owner, string? profile, string actor, CancellationToken cancellationToken)
    {
        return WhyNot(der) is { } problem ? new Outcome<Adoption>.Refused(problem)
            : Certificate.TryParse(der, out var certificate, out _) ? await AdoptAsync(certificate, owner, profile, actor, cancellationToken)
            : await AdoptAsync(CertificateList.Parse(der), actor, cancellationToken);
    }

    /// <summary>Why nobody can adopt this here, as far as it shows before anything is looked up; null: nothing speaks against it yet.</summary>
    public PkiProblem? WhyNot(ReadOnlyMemory<byte> der) =>
        authority.Options.Epoch == 1 ? new PkiProblem(PkiProblemKind.PolicyViolation, "this log was never restored: what is not known here was not issued here")
        : Certificate.TryParse(der, out var certificate, out _) ? IssuerOf(certificate) is null ? new PkiProblem(PkiProblemKind.PolicyViolation, "the certificate is not signed by a CA of this appliance") : null
        : CertificateList.TryParse(der, out var list, out _) ? IssuerOf(list) is null ? new PkiProblem(PkiProblemKind.PolicyViolation, "the CRL is not signed by a CA of this appliance") : null
        : new PkiProblem(PkiProblemKind.MalformedRequest, "it is neither a certificate nor a CRL");

    private async ValueTask<Outcome<Adoption>> AdoptAsync(Certificate certificate, string? owner, string? profileName, string actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (IssuerOf(certificate) is not { } issuer)
        {
            return Refuse("the certificate is not signed by a CA of this appliance");
        }

        if (!certificate.IsValidAt(now))
        {
            return Refuse($"the certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}: there is nothing left to adopt");
        }

        if (EpochOf(certificate.SerialNumber.Span) is not { } epoch || epoch >= authority.Options.Epoch)
        {
            return Refuse("the certificate's serial number is of this epoch, and this appliance has not issued it: somebody else uses the CA's key");
        }

        if (await authority.Stores.Certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) is not null)
        {
            return new Outcome<Adoption>.Done(new Adoption(0, 0, 1, 0));
        }

        var profile = profileName is null ? authority.Profiles.Default : authority.Profiles.Find(profileName);
        if (profile is null)
        {
            return Refuse($"there is no profile '{profileName}'");
        }

        var agentId = certificate.SpiffeId?.ToString();
        var known = agentId is null ? null : await authority.Stores.Agents.FindAsync(agentId, cancellationToken);
        if (agentId is null || (known?.Owner ?? owner) is not { } whose)
        {
            return Refuse(agentId is null ? "the certificate is not an agent's" : $"the agent {agentId} is not known here either: say whose it is");
        }

        var request = RequestFor(certificate, issuer, profile, new AgentRecord(agentId, whose, profile.Name, AgentState.Active, now), actor, now);
        return await authority.Commits.CommitAsync(request, CancellationToken.None) is CommitOutcome.Conflict conflict
            ? Refuse(conflict.Reason)
            : new Outcome<Adoption>.Done(new Adoption(1, 0, 0, 0));
    }

    private CommitRequest RequestFor(Certificate certificate, Issuer issuer, CertificateProfile profile, AgentRecord agent, string actor, DateTimeOffset now)
    {
        var (serial, key) = (certificate.SerialNumber.ToArray(), certificate.PublicKey.Fingerprint());
        var shard = profile.Status.CertificateList ? authority.Options.CertificateListsOf(authority.Issuers.LineageOf(issuer.Name)).ShardOf(serial) : 0;
        var entry = new LedgerEntry(LedgerEntryKind.CertificateAdopted, now, actor, LedgerFacts.OfCertificate(issuer.Name, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.KeySha256, AuditDetails.Hex(key)),
            (AuditDetails.Agent, agent.Id),
            (AuditDetails.Owner, agent.Owner),
            (AuditDetails.Profile, profile.Name),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        var second = certificate.AlternativePublicKey?.Fingerprint();
        var record = new CertificateRecord(
            issuer.Name, serial, certificate.Der.ToArray(), profile.Name, agent.Id, key, certificate.NotBefore, certificate.NotAfter, now, actor, certificate.PublicKey.Algorithm, shard, second);
        return new CommitRequest(entry,
        [
            new StoreChange.RegisterAgent(agent),
            new StoreChange.BindKey(key, agent.Id),
            .. second is null ? Enumerable.Empty<StoreChange>() : [new StoreChange.BindKey(second, agent.Id)],
            .. StoreChange.BindHalf.Of(certificate),
            new StoreChange.AddCertificate(record),
        ]);
    }

    private async ValueTask<Outcome<Adoption>> AdoptAsync(CertificateList list, string actor, CancellationToken cancellationToken)
    {
        if (IssuerOf(list) is not { } issuer)
        {
            return Refuse("the CRL is not signed by a CA of this appliance");
        }

        var (revoked, known, unknown) = (0, 0, 0);
        var committing = new List<Task>(CommittedAtOnce);
        foreach (var entry in list.Entries)
        {
            var serial = entry.SerialNumber.ToArray();
            switch (await authority.Stores.Certificates.FindStatusAsync(issuer.Name, serial, cancellationToken))
            {
                case null:
                    unknown++;
                    break;
                case CertificateStatus.Good when entry.Reason != CrlReason.RemoveFromCrl:
                    var reason = entry.Reason is { } given ? (RevocationReason)(byte)given : RevocationReason.Unspecified;
                    var facts = LedgerFacts.OfSerial(issuer.Name, serial).Add(LedgerFacts.Reason, reason.ToString());
                    committing.Add(authority.Commits.CommitAsync(
                        new CommitRequest(new LedgerEntry(LedgerEntryKind.CertificateRevoked, time.GetUtcNow(), actor, facts), [new StoreChange.RevokeCertificate(issuer.Name, serial, entry.RevocationDate, reason)]), CancellationToken.None).AsTask());
                    revoked++;
                    break;
                default:
                    known++;
                    break;
            }

            if (committing.Count == CommittedAtOnce)
            {
                await Task.WhenAll(committing);
                committing.Clear();
            }
        }

        await Task.WhenAll(committing);

        return new Outcome<Adoption>.Done(new Adoption(0, revoked, known, unknown));
    }

    private Issuer? IssuerOf(Certificate certificate) => authority.Issuers.FindIssuerOf(certificate) is { } issuer && IsSigned(certificate, issuer) ? issuer : null;

    private Issuer? IssuerOf(CertificateList list) => authority.Issuers.All.FirstOrDefault(i =>
        list.Issuer.Equals(i.Certificate.Subject)
        && list.VerifySignature(i.Certificate.PublicKey, providers)
        && (i.Certificate.AlternativePublicKey is not { } second || list.VerifyAlternativeSignature(second, providers)));

    private bool IsSigned(Certificate certificate, Issuer issuer) =>
        certificate.VerifySignature(issuer.Certificate.PublicKey, providers)
        && (issuer.Certificate.AlternativePublicKey is not { } second || certificate.VerifyAlternativeSignature(second, providers));

    private static long? EpochOf(ReadOnlySpan<byte> serial) => serial.Length == SerialNumber.Size ? BinaryPrimitives.ReadUInt16BigEndian(serial[1..]) : null;

    private static Outcome<Adoption> Refuse(string detail) => new Outcome<Adoption>.Refused(new PkiProblem(PkiProblemKind.PolicyViolation, detail));
}
