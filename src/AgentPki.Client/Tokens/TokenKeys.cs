using System.Collections.Frozen;
using System.Text.Json;
using AgentPki.Client.Verification;
using AgentPki.Cryptography.Jose;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Tokens;

/// <summary>
/// The appliance's signers of access tokens. Keys are believed for their certificates, which lead to an anchor and have that one purpose; what else a key set says, and who delivered it, counts for nothing.
/// </summary>
internal sealed class TokenKeys(TokenVerifierOptions options, ChainVerifier chains, HttpMessageHandler handler, TimeProvider clock) : IDisposable
{
    private const int LongestKeySet = 256 * 1024;
    private const int MostKeys = 16;
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);
    private readonly HttpClient _http = new(handler, disposeHandler: true) { Timeout = options.Timeout, MaxResponseContentBufferSize = LongestKeySet };
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private FrozenDictionary<string, IReadOnlyList<Certificate>> _keys = FrozenDictionary<string, IReadOnlyList<Certificate>>.Empty;
    private long? _lookedAt;

    /// <summary>The certificate of a key and its path to the anchor; null: the appliance has no such key. The set is fetched again for a name that is not known, but not for each.</summary>
    /// <exception cref="HttpRequestException">It is not known, and the set cannot be had now.</exception>
    public async ValueTask<IReadOnlyList<Certificate>?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        if (Known(keyId) is { } known)
        {
            return known;
        }

        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (Known(keyId) is { } meanwhile)
            {
                return meanwhile;
            }

            if (_lookedAt is { } last && clock.GetElapsedTime(last) < LookAgainAfter)
            {
                return null;
            }

            _keys = Read(await FetchAsync(cancellationToken));
            _lookedAt = clock.GetTimestamp();
            return Known(keyId);
        }
        finally
        {
            _fetching.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _fetching.Dispose();
    }

    private IReadOnlyList<Certificate>? Known(string keyId) => Volatile.Read(ref _keys).TryGetValue(keyId, out var path) && path[0].IsValidAt(clock.GetUtcNow()) ? path : null;

    private async Task<byte[]> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetByteArrayAsync(new Uri(options.Appliance, "/oauth/jwks"), cancellationToken);
        }
        catch (OperationCanceledException silence) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{options.Appliance} does not answer.", silence);
        }
    }

    private FrozenDictionary<string, IReadOnlyList<Certificate>> Read(byte[] keySet)
    {
        var found = new Dictionary<string, IReadOnlyList<Certificate>>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(keySet);
            foreach (var key in document.RootElement.GetProperty("keys"u8).EnumerateArray().Take(MostKeys))
            {
                if (ReadChain(key) is [var signer, .. var issuers] && PathOf(signer, issuers) is { } path)
                {
                    found[Jwk.Of(signer.PublicKey).Thumbprint()] = path;
                }
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new HttpRequestException($"{options.Appliance} gives no key set that can be read.", unreadable);
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private IReadOnlyList<Certificate>? PathOf(Certificate signer, IReadOnlyList<Certificate> issuers) =>
        signer.ExtendedKeyUsages is [Oids.AccessTokens] && Jwk.HasForm(signer.PublicKey.Algorithm) && chains.Verify(signer, issuers, Oids.AccessTokens) is ChainResult.Valid valid ? valid.Path : null;

    private static List<Certificate> ReadChain(JsonElement key)
    {
        var chain = new List<Certificate>();
        if (key.TryGetProperty("x5c"u8, out var texts))
        {
            foreach (var text in texts.EnumerateArray())
            {
                if (!Certificate.TryParse(text.GetBytesFromBase64(), out var certificate, out _))
                {
                    return [];
                }

                chain.Add(certificate);
            }
        }

        return chain;
    }
}
