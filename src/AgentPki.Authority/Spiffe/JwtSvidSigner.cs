using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Spiffe;

/// <summary>Signs JWT-SVIDs, and nothing else, with a key made for that alone.</summary>
internal sealed class JwtSvidSigner : IAsyncDisposable
{
    private readonly ISigningKey _key;
    private readonly KeyWatch _watch = new();
    private readonly CryptoProviders _providers;

    public JwtSvidSigner(ISigningKey key, Certificate certificate, string authority, CryptoProviders providers)
    {
        if (key.Purpose != KeyPurpose.JwtSvid)
        {
            throw new ArgumentException($"Key {key.Reference.Label} is for {key.Purpose}, not for {KeyPurpose.JwtSvid}.", nameof(key));
        }

        (_key, Certificate, Authority, _providers) = (key, certificate, authority, providers);
        Jwk = Jwk.Of(key.PublicKey);
    }

    /// <summary>Says that the key is one of this appliance's, for as long as it is good: whoever revokes it ends the key.</summary>
    public Certificate Certificate { get; }

    /// <summary>The CA that issued it.</summary>
    public string Authority { get; }

    /// <summary>What the bundle has of the key; its thumbprint is the <c>kid</c>.</summary>
    public Jwk Jwk { get; }

    /// <summary>Whether its key could not sign when it was last asked.</summary>
    public bool IsAway => _watch.IsAway;

    /// <summary>The compact JWS of claims, verified before it is handed out.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now, or signed wrongly.</exception>
    public async ValueTask<string> SignAsync(ReadOnlyMemory<byte> claims, CancellationToken cancellationToken)
    {
        var text = await _watch.WatchAsync(CompactJws.SignAsync(_key, "JWT", claims, cancellationToken));
        return CompactJws.TryParse(text, out var jws, out _) && jws.Verify(_key.PublicKey, _providers)
            ? text
            : throw new KeyUnavailableException("The signature over a JWT-SVID does not verify.", TimeSpan.FromSeconds(10));
    }

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
