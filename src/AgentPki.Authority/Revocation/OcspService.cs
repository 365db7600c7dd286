using System.Diagnostics;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Lint;
using AgentPki.X509.Ocsp;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Answers OCSP requests (RFC 6960, nonces of RFC 9654): good for what was issued and is not revoked, revoked, unknown for the rest; signed by
/// a delegated responder. A kept answer touches neither store nor token; after a revocation, of whatever, it is served again once a read has shown that it still holds, and is not signed anew.
/// A token that is away is answered around with what was signed before, until that ends.
/// </summary>
public sealed class OcspService
{
    private const int MostRounds = 3;
    private static readonly string[] HashOids = [Oids.Sha1, Oids.Sha256, Oids.Sha384, Oids.Sha512];
    private readonly OcspResponderKeeper _responders;
    private readonly ICertificateStore _certificates;
    private readonly RevocationClock _revocations;
    private readonly CryptoProviders _providers;
    private readonly AuthorityOptions _options;
    private readonly AuthorityMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OcspCache _cache;
    private readonly IssuedSerials _issued;
    private readonly IssuerDirectory _issuers;
    private volatile HashTable? _hashes;

    internal OcspService(
        IssuerDirectory issuers,
        OcspResponderKeeper responders,
        ICertificateStore certificates,
        IssuedSerials issued,
        RevocationClock revocations,
        CryptoProviders providers,
        AuthorityOptions options,
        AuthorityMetrics metrics,
        TimeProvider time,
        ILogger<OcspService> logger)
    {
        (_responders, _certificates, _revocations, _providers, _options, _metrics, _time, _logger) = (responders, certificates, revocations, providers, options, metrics, time, logger);
        _cache = new OcspCache(options.OcspCacheEntries);
        (_issuers, _issued) = (issuers, issued);
    }

    /// <summary>Answers a DER OCSPRequest. Never throws for what a client, the token or the store does: the errors of RFC 6960 §2.3 say it.</summary>
    public async ValueTask<OcspAnswer> RespondAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var kept = _cache.Find(request);
        if (kept is not null && kept.Epoch == _revocations.Epoch && kept.IsFresh(_time.GetUtcNow()))
        {
            _metrics.OcspAnswered(cached: true);
            return kept.Answer;
        }

        if (!OcspRequest.TryParse(request, out var parsed, out _))
        {
            return Error(OcspResponseStatus.MalformedRequest);
        }

        try
        {
            if (kept is not null && kept.IsFresh(_time.GetUtcNow()) && await StillHoldsAsync(kept, cancellationToken))
            {
                _metrics.OcspAnswered(cached: true);
                return kept.Answer;
            }

            // RFC 6960 §2.3 unauthorized: not one of the questions is about a CA that this responder answers for.
            var issuer = parsed.Certificates.Select(FindIssuer).FirstOrDefault(i => i is not null);
            return issuer is null ? Error(OcspResponseStatus.Unauthorized) : await AnswerAsync(request, parsed, issuer, cancellationToken);
        }
        catch (KeyUnavailableException failure)
        {
            return await AnswerWithoutKeyAsync(kept, failure, cancellationToken);
        }
        catch (StoreUnavailableException failure)
        {
            return TryLater(failure);
        }
    }

    private async ValueTask<OcspAnswer> AnswerWithoutKeyAsync(KeptAnswer? kept, KeyUnavailableException failure, CancellationToken cancellationToken)
    {
        try
        {
            // A newer one was wanted, and cannot be had: what was signed is good until it ends, if it is still true.
            return kept is not null && kept.IsValid(_time.GetUtcNow()) && await StillHoldsAsync(kept, cancellationToken) ? kept.Answer : TryLater(failure);
        }
        catch (StoreUnavailableException)
        {
            return TryLater(failure);
        }
    }

    private OcspAnswer TryLater(Exception failure)
    {
        Log.OcspTryLater(_logger, failure);
        return Error(OcspResponseStatus.TryLater);
    }

    private async ValueTask<OcspAnswer> AnswerAsync(ReadOnlyMemory<byte> request, OcspRequest parsed, Issuer issuer, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            // The epoch first, then who signs, then the status: what is revoked in between, the responder too, is found when the signature is there, and the answer is made again.
            var epoch = _revocations.Epoch;
            if (await _responders.CurrentAsync(issuer, cancellationToken) is not { } responder)
            {
                return Error(OcspResponseStatus.Unauthorized);
            }

            var now = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
            var end = now + _options.OcspValidity < responder.Certificate.NotAfter ? now + _options.OcspValidity : responder.Certificate.NotAfter;
            var found = new List<FoundStatus>(parsed.Certificates.Count);
            foreach (var certificate in parsed.Certificates)
            {
                found.Add(new FoundStatus(certificate.SerialNumber, await FindStatusAsync(certificate, responder.Issuer, cancellationToken)));
            }

            var responses = parsed.Certificates.Select((c, i) => new SingleResponse(c, StatusOf(found[i].Status, now), now, end)).ToList();
            OcspAnswer answer;
            try
            {
                answer = await SignAsync(new ResponseData { Responder = responder.Id, ProducedAt = now, Responses = responses, Nonce = parsed.Nonce }, end, responder, cancellationToken);
            }
            catch (KeyUnavailableException) when (round == 0)
            {
                continue; // a responder whose key is elsewhere may be had
            }

            var made = new KeptAnswer(answer, responder, found, now + ((end - now) / 2), epoch);
            if (epoch == _revocations.Epoch || await StillHoldsAsync(made, cancellationToken))
            {
                if (answer.Cacheable)
                {
                    _cache.Add(request, made);
                }

                _metrics.OcspAnswered(cached: false);
                return answer;
            }
        }

        return Error(OcspResponseStatus.TryLater);
    }

    // The epoch first here too. Then its responder, and whether each certificate is what it was: one indexed read each.
    private async ValueTask<bool> StillHoldsAsync(KeptAnswer kept, CancellationToken cancellationToken)
    {
        var epoch = _revocations.Epoch;
        if (kept.Epoch == epoch)
        {
            return true;
        }

        if (!await _responders.IsGoodAsync(kept.Responder, cancellationToken))
        {
            return false;
        }

        foreach (var (serial, status) in kept.Found)
        {
            if (status is not null && await _certificates.FindStatusAsync(kept.Responder.Issuer.Name, serial, cancellationToken) != status)
            {
                return false;
            }
        }

        kept.Epoch = epoch;
        return true;
    }

    private async ValueTask<OcspAnswer> SignAsync(ResponseData data, DateTimeOffset end, OcspResponder responder, CancellationToken cancellationToken)
    {
        if (responder.Prepare(data, _options.OcspValidity, out var findings) is not { } token)
        {
            var worst = findings.First(f => f.Severity == LintSeverity.Error);
            Log.OcspLintFailed(_logger, worst.RuleName, worst.Detail);
            return Error(OcspResponseStatus.InternalError);
        }

        var signature = await responder.SignAsync(token, cancellationToken);
        var der = OcspResponse.Assemble(token.ToBeSigned.Span, token.Algorithm, signature, responder.Certificate.Der);
        if (!OcspResponse.TryParse(der, out var response, out _) || !response.VerifySignature(responder.Certificate.PublicKey, _providers))
        {
            Log.OcspLintFailed(_logger, "signature", "what the responder's key returned does not verify");
            return Error(OcspResponseStatus.InternalError);
        }

        // "unknown" is not kept: anybody can ask for any number of serials that were never issued.
        var cacheable = data.Nonce.IsEmpty && data.Responses.All(r => r.Status is not OcspCertificateStatus.Unknown);
        return new OcspAnswer(der, data.ProducedAt, end, cacheable);
    }

    // Null: not issued by this CA, as far as this responder may say: a question about another CA cannot be answered under its delegation.
    private async ValueTask<CertificateStatus?> FindStatusAsync(CertId certificate, Issuer issuer, CancellationToken cancellationToken) =>
        _issued.MayContain(certificate.SerialNumber.Span) && FindIssuer(certificate) == issuer ? await _certificates.FindStatusAsync(issuer.Name, certificate.SerialNumber, cancellationToken) : null;

    // RFC 6960 §2.2: "good" only for what this CA issued. What was revoked while the clock was ahead is revoked now, not at a time to come.
    private static OcspCertificateStatus StatusOf(CertificateStatus? status, DateTimeOffset now) => status switch
    {
        null => new OcspCertificateStatus.Unknown(),
        CertificateStatus.Good => new OcspCertificateStatus.Good(),
        CertificateStatus.Revoked revoked => new OcspCertificateStatus.Revoked(revoked.Time < now ? revoked.Time : now, (CrlReason)(byte)revoked.Reason),
        _ => throw new UnreachableException(),
    };

    private Issuer? FindIssuer(CertId certificate)
    {
        // Hashed once; again when a CA has come.
        if (_hashes is not { } table || !ReferenceEquals(table.Issuers, _issuers.All))
        {
            _hashes = table = new HashTable(_issuers.All);
        }

        foreach (var (issuer, hashes) in table.Hashes)
        {
            if (certificate.IsIssuedBy(hashes))
            {
                return issuer;
            }
        }

        return null;
    }

    private sealed class HashTable(IReadOnlyList<Issuer> issuers)
    {
        public IReadOnlyList<Issuer> Issuers { get; } = issuers;

        public (Issuer Issuer, IssuerHashes Hashes)[] Hashes { get; } =
            [.. issuers.SelectMany(i => HashOids.Select(oid => IssuerHashes.Compute(i.Certificate, oid)).OfType<IssuerHashes>().Select(h => (i, h)))];
    }

    private static OcspAnswer Error(OcspResponseStatus status) => new(OcspResponse.Error(status), null, null, false);
}
