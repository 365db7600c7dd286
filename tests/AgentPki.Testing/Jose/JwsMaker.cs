using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Testing.Jose;

/// <summary>Makes flattened JWS, good ones and bad ones: whoever calls writes the header as text.</summary>
public static class JwsMaker
{
    private static readonly ConcurrentDictionary<(KeyAlgorithm, int), Lazy<ISigningKey>> Keys = new();

    public static CryptoProviders Providers { get; } = new(new PlatformProvider(), new BouncyCastleProvider());

    /// <summary>A key of that kind, the same one for the same number.</summary>
    public static ISigningKey Key(KeyAlgorithm algorithm, int number = 0) => Keys.GetOrAdd((algorithm, number), _ => new(() =>
        Providers.For(algorithm, KeyCapabilities.Generate | KeyCapabilities.Sign)!.GenerateAsync(new KeySpec($"jws-{number}", algorithm, KeyPurpose.Subject), CancellationToken.None).AsTask().GetAwaiter().GetResult())).Value;

    public static string JwkOf(ISigningKey key) => Encoding.ASCII.GetString(Jwk.Of(key.PublicKey).ToCanonicalJson());

    public static string Base64(ReadOnlySpan<byte> octets) => Base64Url.EncodeToString(octets);

    public static string Base64(string text) => Base64(Encoding.UTF8.GetBytes(text));

    /// <summary>The wire form of a signature with the key's own algorithm.</summary>
    public static byte[] Sign(ISigningKey key, string signingInput)
    {
        var der = key.SignAsync(key.Algorithm.DefaultSignature, Encoding.ASCII.GetBytes(signingInput), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        if (key.Algorithm.Family != AlgorithmFamily.Ecdsa)
        {
            return der;
        }

        var pair = new byte[key.Algorithm.SizeBits / 4];
        Assert.True(EcdsaSignatureValue.TryToConcatenation(der, pair));
        return pair;
    }

    public static string Signed(ISigningKey key, string header, string payload)
    {
        var (h, p) = (Base64(header), Base64(payload));
        return Flat(h, p, Base64(Sign(key, $"{h}.{p}")));
    }

    public static string Macced(byte[] secret, string header, string payload)
    {
        var (h, p) = (Base64(header), Base64(payload));
        return Flat(h, p, Base64(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes($"{h}.{p}"))));
    }

    public static string Flat(string header, string payload, string signature) => $$"""{"protected":"{{header}}","payload":"{{payload}}","signature":"{{signature}}"}""";
}
