using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>Signs statements of the revocation feed, and nothing else, with a key made for that alone.</summary>
internal sealed class FeedSigner : IAsyncDisposable
{
    private readonly ISigningKey _key;
    private readonly KeyWatch _watch = new();
    private readonly CryptoProviders _providers;

    public FeedSigner(ISigningKey key, Certificate certificate, IReadOnlyList<Certificate> chain, DateTimeOffset renewAt, CryptoProviders providers)
    {
        if (key.Purpose != KeyPurpose.RevocationFeed)
        {
            throw new ArgumentException($"Key {key.Reference.Label} is for {key.Purpose}, not for {KeyPurpose.RevocationFeed}.", nameof(key));
        }

        (_key, Certificate, RenewAt, _providers) = (key, certificate, renewAt, providers);
        (Thumbprint, Chain) = (certificate.Fingerprint(), CertsOnly.Encode(chain.Prepend(certificate).Select(c => c.Der)));
    }

    public Certificate Certificate { get; }

    /// <summary>Whether its key could not sign when it was last asked: another signer, with a key elsewhere, is wanted.</summary>
    public bool IsAway => _watch.IsAway;

    /// <summary>From when on there should be a newer certificate.</summary>
    public DateTimeOffset RenewAt { get; }

    /// <summary>SHA-256 over the certificate: how statements name it.</summary>
    public byte[] Thumbprint { get; }

    /// <summary>The certificate and what leads to its root, as a certs-only message (RFC 5272 §4.1).</summary>
    public byte[] Chain { get; }

    /// <summary>The compact JWS of a statement, verified before it is handed out.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now, or signed wrongly.</exception>
    public async ValueTask<string> SignAsync(RevocationStatement statement, CancellationToken cancellationToken)
    {
        var text = await _watch.WatchAsync(CompactJws.SignAsync(_key, RevocationStatement.JwsType, Thumbprint, statement.Encode(), cancellationToken));
        return CompactJws.TryParse(text, out var jws, out _) && jws.Verify(Certificate.PublicKey, _providers)
            ? text
            : throw new KeyUnavailableException("The signature over a statement of the revocation feed does not verify.", TimeSpan.FromSeconds(10));
    }

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
