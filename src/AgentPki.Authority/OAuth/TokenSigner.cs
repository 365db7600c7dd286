using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>Signs access tokens, and nothing else, with a key made for that alone.</summary>
public sealed class TokenSigner : IAsyncDisposable
{
    private readonly ISigningKey _key;
    private readonly KeyWatch _watch = new();
    private readonly CryptoProviders _providers;

    internal TokenSigner(ISigningKey key, Certificate certificate, IReadOnlyList<Certificate> chain, CryptoProviders providers)
    {
        if (key.Purpose != KeyPurpose.AccessTokens)
        {
            throw new ArgumentException($"Key {key.Reference.Label} is for {key.Purpose}, not for {KeyPurpose.AccessTokens}.", nameof(key));
        }

        (_key, _providers, Certificate, Chain, Key) = (key, providers, certificate, chain, Jwk.Of(key.PublicKey));
        Algorithm = JwsAlgorithm.For(key.Algorithm) ?? throw new ArgumentException($"Keys of kind {key.Algorithm} sign no JWS.", nameof(key));
    }

    public Certificate Certificate { get; }

    /// <summary>What leads from the certificate to its root.</summary>
    public IReadOnlyList<Certificate> Chain { get; }

    public Jwk Key { get; }

    public JwsAlgorithm Algorithm { get; }

    /// <summary>How tokens name it (<c>kid</c>): the key's thumbprint (RFC 7638).</summary>
    public string KeyId => Key.Thumbprint();

    /// <summary>Whether its key could not sign when it was last asked: another signer, with a key elsewhere, is wanted.</summary>
    internal bool IsAway => _watch.IsAway;

    /// <summary>The compact JWS of a token, verified before it is handed out.</summary>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now, or signed wrongly.</exception>
    internal async ValueTask<string> SignAsync(AccessToken token, CancellationToken cancellationToken)
    {
        var text = await _watch.WatchAsync(CompactJws.SignAsync(_key, AccessToken.JwsType, token.Encode(), cancellationToken));
        return CompactJws.TryParse(text, out var jws, out _) && Verifies(jws)
            ? text
            : throw new KeyUnavailableException("The signature over an access token does not verify.", TimeSpan.FromSeconds(10));
    }

    /// <summary>Whether it signed that: by its one algorithm, whatever the token says of others (RFC 8725 §3.1).</summary>
    internal bool Verifies(CompactJws jws) => jws.Algorithm == Algorithm && jws.Verify(Key.Key, _providers);

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
