using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPki.Load.OAuth;

/// <summary>Tokens that are judged when the clock has stopped: by the published key, whose they are and what they are bound to, and that no identifier is there twice.</summary>
internal sealed class TokenSamples
{
    private readonly ConcurrentBag<(string Token, TokenClient Client)> _kept = [];

    internal bool Sound { get; private set; }

    internal void Keep(string token, TokenClient client) => _kept.Add((token, client));

    /// <param name="keys">The server's JWK set (RFC 7517 §5).</param>
    internal IReadOnlyList<string> Judge(ReadOnlyMemory<byte> keys)
    {
        using JsonDocument set = JsonDocument.Parse(keys);
        var known = set.RootElement.GetProperty("keys").EnumerateArray().Where(k => k.GetProperty("kty").GetString() == "EC").ToDictionary(k => k.GetProperty("kid").GetString() ?? "", KeyOf);
        var ids = new HashSet<string>();
        int good = _kept.Count(k => IsGood(k.Token, k.Client, known, ids));
        Sound = good == _kept.Count && good > 0;
        foreach (ECDsa key in known.Values)
            key.Dispose();
        return [$"{good} of {_kept.Count} sampled tokens verified by the published key: signature, client, certificate, an identifier of their own"];
    }

    private static bool IsGood(string token, TokenClient client, Dictionary<string, ECDsa> keys, HashSet<string> ids)
    {
        string[] parts = token.Split('.');
        using JsonDocument header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])), claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        return keys.TryGetValue(header.RootElement.GetProperty("kid").GetString() ?? "", out ECDsa? key)
            && key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)
            && claims.RootElement.GetProperty("client_id").GetString() == client.Id
            && claims.RootElement.GetProperty("cnf").GetProperty("x5t#S256").GetString() == client.Thumbprint
            && ids.Add(claims.RootElement.GetProperty("jti").GetString() ?? "");
    }

    private static ECDsa KeyOf(JsonElement jwk) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(jwk.GetProperty("y").GetString()) },
    });
}
