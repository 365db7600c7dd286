using AgentPki.Cryptography;
using AgentPki.Authority.Issuance;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Ocsp;

namespace AgentPki.Authority.Revocation;

/// <summary>A delegated responder of one CA (RFC 6960 §4.2.2.2): its certificate, and its own key, which signs nothing unlinted.</summary>
internal sealed class OcspResponder(Issuer issuer, Certificate certificate, GuardedKey key, bool byName) : IAsyncDisposable
{
    private readonly KeyWatch _watch = new();
    private long _checkedEpoch;

    public Issuer Issuer { get; } = issuer;

    public Certificate Certificate { get; } = certificate;

    /// <summary>Where its key is.</summary>
    public KeyReference KeyReference => key.Reference;

    /// <summary>The revocation epoch as of which its own certificate was known to be good.</summary>
    public long CheckedEpoch
    {
        get => Volatile.Read(ref _checkedEpoch);
        set => Volatile.Write(ref _checkedEpoch, value);
    }

    /// <summary>RFC 6960 §4.2.1.</summary>
    public ResponderId Id { get; } = byName ? new ResponderId.ByName(certificate.Subject) : ResponderId.For(certificate.PublicKey);

    /// <summary>Lints a ResponseData; null, with the findings, when it must not be signed.</summary>
    public IssuanceToken? Prepare(ResponseData data, TimeSpan maximumValidity, out IReadOnlyList<LintFinding> findings)
    {
        var algorithm = Certificate.PublicKey.Algorithm.DefaultSignature;
        var context = new OcspLintContext(Certificate, Issuer.Certificate, maximumValidity) { SigningAlgorithm = algorithm, RequestNonce = data.Nonce };
        return IssuanceToken.ForOcspResponse(data.Encode(), algorithm, context, key, out findings);
    }

    /// <summary>Whether its key could not sign when it was last asked: another responder, with a key elsewhere, is wanted.</summary>
    public bool IsAway => _watch.IsAway;

    public ValueTask<byte[]> SignAsync(IssuanceToken token, CancellationToken cancellationToken) => _watch.WatchAsync(key.SignAsync(token, cancellationToken));

    public ValueTask DisposeAsync() => key.DisposeAsync();
}
