using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Acme;

/// <summary>RFC 8555 §7.6: by the account that ordered the certificate, by one that has proven all its names, or by the certificate's own key.</summary>
public sealed class AcmeRevocations
{
    private readonly RevocationService _revocations;
    private readonly AcmeNames _names;
    private readonly IAcmeStore _store;
    private readonly ICertificateStore _certificates;
    private readonly Issuance.IssuerDirectory _issuers;
    private readonly TimeProvider _time;

    internal AcmeRevocations(RevocationService revocations, AcmeNames names, IAcmeStore store, ICertificateStore certificates, Issuance.IssuerDirectory issuers, TimeProvider time) =>
        (_revocations, _names, _store, _certificates, _issuers, _time) = (revocations, names, store, certificates, issuers, time);

    /// <param name="account">Whose key signed the request; null: <paramref name="signer"/> did.</param>
    /// <param name="signer">The key in the request's header.</param>
    /// <param name="reason">RFC 5280 §5.3.1; null: unspecified.</param>
    /// <returns>Null when it is revoked.</returns>
    public async ValueTask<AcmeProblem?> RevokeAsync(Certificate certificate, AcmeAccount? account, PublicKey? signer, long? reason, string correlationId, CancellationToken cancellationToken)
    {
        if (await FindAsync(certificate, cancellationToken) is not { } stored)
        {
            return AcmeProblem.NotFound("certificate: this CA did not issue it");
        }

        if (!await MayAsync(certificate, stored.Certificate, account, signer, cancellationToken))
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, "A certificate is revoked by the account that ordered it, by one that has proven all its names, or with its own key (RFC 8555 §7.6).");
        }

        if (stored.Status is CertificateStatus.Revoked)
        {
            return new AcmeProblem(AcmeErrorType.AlreadyRevoked, "The certificate is revoked already.");
        }

        if (ReasonOf(reason) is not { } code)
        {
            return new AcmeProblem(AcmeErrorType.BadRevocationReason, "The reasons taken here are 0 (unspecified), 1 (keyCompromise), 3 (affiliationChanged), 4 (superseded), 5 (cessationOfOperation) and 9 (privilegeWithdrawn).");
        }

        var actor = account is not null ? AcmeAccounts.ActorOf(account) : $"agent:{stored.Certificate.AgentId}";
        var request = new RevocationRequest(new RevocationTarget.OneCertificate(certificate), code, actor, AcmeOrders.Protocol, correlationId);
        return await _revocations.RevokeAsync(request, cancellationToken) is Outcome<RevocationResult>.Refused(var problem)
            ? problem.Kind == PkiProblemKind.Unavailable ? AcmeProblem.Unavailable(problem.Detail, problem.RetryAfter ?? TimeSpan.FromSeconds(5)) : new AcmeProblem(AcmeErrorType.Unauthorized, problem.Detail)
            : null;
    }

    private async ValueTask<StoredCertificate?> FindAsync(Certificate certificate, CancellationToken cancellationToken) =>
        _issuers.FindIssuerOf(certificate) is { } issuer && await _certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) is { } stored
            && certificate.Der.Span.SequenceEqual(stored.Certificate.Der)
            && stored.Certificate.AgentId is not null // the appliance's own are revoked by an operator
            ? stored
            : null;

    private async ValueTask<bool> MayAsync(Certificate certificate, CertificateRecord record, AcmeAccount? account, PublicKey? signer, CancellationToken cancellationToken)
    {
        if (account is null)
        {
            return signer is not null && signer.Fingerprint().AsSpan().SequenceEqual(record.KeyFingerprint);
        }

        if (await _store.FindOrderOfAsync(record.Authority, record.Serial, cancellationToken) is { } order && order.AccountId == account.Id)
        {
            return true;
        }

        var names = _names.IdentifiersOf(certificate);
        foreach (var (identifier, wildcard) in names)
        {
            if (await _store.FindValidAuthorizationAsync(account.Id, identifier, wildcard, _time.GetUtcNow(), cancellationToken) is null)
            {
                return false;
            }
        }

        return names.Count > 0;
    }

    private static RevocationReason? ReasonOf(long? reason) => reason switch
    {
        null => RevocationReason.Unspecified,
        0 or 1 or 3 or 4 or 5 or 9 => (RevocationReason)reason.Value,
        _ => null,
    };
}
