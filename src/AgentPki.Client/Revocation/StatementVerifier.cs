using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>
/// Believes statements whose signer has a certificate for this one purpose (<see cref="Oids.RevocationFeed"/>) under an anchor. Signers are fetched when they are first named and kept
/// until they end. Used by one follower's loop alone.
/// </summary>
internal sealed class StatementVerifier(ChainVerifier chains, FeedClient client, CryptoProviders providers, TimeProvider clock)
{
    private const int MostSigners = 8;
    private readonly Dictionary<string, Certificate> _signers = new(StringComparer.Ordinal);

    /// <exception cref="FeedException">It is not to be believed.</exception>
    public async ValueTask<(RevocationStatement Statement, Certificate Signer)> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        if (!CompactJws.TryParse(text, out var jws, out var malformed))
        {
            throw new FeedException($"a statement is no compact JWS: {malformed.Text}");
        }

        if (jws.Type != RevocationStatement.JwsType || jws.CertificateThumbprint.IsEmpty)
        {
            throw new FeedException($"a statement's typ is '{jws.Type}', or its signer is not named");
        }

        var signer = await SignerAsync(jws.CertificateThumbprint, cancellationToken);
        if (!jws.Verify(signer.PublicKey, providers))
        {
            throw new FeedException("a statement is not signed by the signer that it names");
        }

        return RevocationStatement.TryParse(jws.Payload.Span, out var statement, out var error) ? (statement, signer) : throw new FeedException(error);
    }

    private async ValueTask<Certificate> SignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexStringLower(thumbprint.Span);
        if (_signers.TryGetValue(name, out var known) && known.IsValidAt(clock.GetUtcNow()))
        {
            return known;
        }

        var sent = await client.SignerAsync(thumbprint, cancellationToken);
        if (sent is not [var signer, ..] || !signer.Fingerprint().AsSpan().SequenceEqual(thumbprint.Span))
        {
            throw new FeedException("the feed signer's certificate is not the one that a statement names");
        }

        if (chains.Verify(signer, sent.Skip(1), Oids.RevocationFeed) is ChainResult.Invalid invalid)
        {
            throw new FeedException($"the feed signer's certificate is not to be trusted: {invalid.Detail}");
        }

        // The chain is checked for the purpose where an extension says it; that there is one is demanded here, or any certificate without one would do.
        if (signer.ExtendedKeyUsages is not [Oids.RevocationFeed])
        {
            throw new FeedException("the feed signer's certificate is for other purposes");
        }

        if (_signers.Count >= MostSigners)
        {
            _signers.Clear();
        }

        return _signers[name] = signer;
    }
}
