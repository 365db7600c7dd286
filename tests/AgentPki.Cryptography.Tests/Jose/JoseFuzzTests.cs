using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

/// <summary>JOSE, mutated; a changed JWS that verifies is a defect, too.</summary>
public sealed class JoseFuzzTests
{
    private static readonly ISigningKey Key = JwsMaker.Key(KeyAlgorithm.EcdsaP256);
    private static readonly string Header = $$$"""{"alg":"ES256","nonce":"AAAA","url":"https:\/\/ca.example\/","jwk":{{{JwsMaker.JwkOf(Key)}}},"typ":{"a":["b",1,null]}}""";
    private static readonly byte[] Flattened = Encoding.UTF8.GetBytes(JwsMaker.Signed(Key, Header, """{"a":"ä"}"""));
    private static readonly byte[] Compact = Encoding.UTF8.GetBytes(CompactJws.SignAsync(Key, "JWT", new byte[32], """{"a":"ä"}"""u8.ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult());

    private static readonly Dictionary<string, SeededFuzz> Parsers = new()
    {
        ["jws"] = Of(() => Flattened, TakesFlattened),
        ["jws-header"] = Of(() => Encoding.UTF8.GetBytes(Header), d => FlattenedJws.TryParse(FlatOf(d), JwsUse.Signature, out _, out _)),
        ["jws-header-of-mac"] = Of(() => """{"alg":"HS256","kid":"k-1","url":"https://ca.example/"}"""u8.ToArray(), d => FlattenedJws.TryParse(FlatOf(d), JwsUse.Mac, out _, out _)),
        ["compact-jws"] = Of(() => Compact, TakesCompact),
        ["compact-jws-header"] = Of(() => """{"alg":"ES256","typ":"JWT","kid":"k-1","x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"""u8.ToArray(), d => CompactJws.TryParse($"{JwsMaker.Base64(d)}.e30.AAAA", out _, out _)),
        ["jwk-ec"] = Jwk(KeyAlgorithm.EcdsaP384),
        ["jwk-okp"] = Jwk(KeyAlgorithm.Ed25519),
        ["jwk-rsa"] = Jwk(KeyAlgorithm.Rsa2048),
        ["jwk-akp"] = Jwk(KeyAlgorithm.MlDsa44),
        ["base64"] = Of(() => "AAECAw"u8.ToArray(), TakesBase64),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Sample_IsTaken(string parser) => Parsers[parser].TakesSample();

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Mutated_TakesOrRefuses(string parser) => Parsers[parser].Mutated(1, 2000);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Names))]
    public void Parse_MutatedManyTimes_TakesOrRefuses(string parser) => Parsers[parser].Mutated(100, 100_000);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_EveryTruncation_TakesOrRefuses(string parser) => Parsers[parser].Truncated();

    private static bool TakesFlattened(byte[] data)
    {
        if (!FlattenedJws.TryParse(data, JwsUse.Signature, out var jws, out _) || jws.Jwk is not { } jwk || !jws.Verify(jwk.Key, JwsMaker.Providers))
        {
            return false;
        }

        // Only what is around the JWS changed: its own octets are the ones that were signed.
        Assert.True(FlattenedJws.TryParse(Flattened, JwsUse.Signature, out var good, out _));
        Assert.Equal(good.SigningInput, jws.SigningInput);
        return true;
    }

    private static bool TakesCompact(byte[] data)
    {
        if (!CompactJws.TryParse(Encoding.Latin1.GetString(data), out var jws, out _) || !jws.Verify(Key.PublicKey, JwsMaker.Providers))
        {
            return false;
        }

        Assert.True(CompactJws.TryParse(Encoding.Latin1.GetString(Compact), out var good, out _));
        Assert.Equal(good.SigningInput, jws.SigningInput);
        return true;
    }

    // No octets have two names.
    private static bool TakesBase64(byte[] data)
    {
        if (JoseBase64.Decode(data) is not { } octets)
        {
            return false;
        }

        Assert.Equal(JwsMaker.Base64(octets), Encoding.ASCII.GetString(data));
        return true;
    }

    private static SeededFuzz Of(Func<byte[]> sample, Func<byte[], bool> takes) => new(sample, takes, FuzzWords.Text);

    private static SeededFuzz Jwk(KeyAlgorithm algorithm) => Of(() => Encoding.UTF8.GetBytes(JwsMaker.JwkOf(JwsMaker.Key(algorithm))), d =>
    {
        if (!Cryptography.Jose.Jwk.TryParse(d, out var jwk, out _))
        {
            return false;
        }

        Assert.True(Cryptography.Jose.Jwk.TryParse(jwk.ToCanonicalJson(), out var again, out _));
        Assert.Equal(jwk.Key, again.Key);
        return true;
    });

    private static byte[] FlatOf(byte[] header) => Encoding.ASCII.GetBytes(JwsMaker.Flat(JwsMaker.Base64(header), "e30", "AAAA"));
}
