using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

/// <summary>Good samples, mutated by a seeded generator. A parser may take the result or refuse it; an exception is a defect, and so is a changed JWS that verifies.</summary>
public sealed class JoseFuzzTests
{
    private static readonly ISigningKey Key = JwsMaker.Key(KeyAlgorithm.EcdsaP256);
    private static readonly string Header = $$$"""{"alg":"ES256","nonce":"AAAA","url":"https:\/\/ca.example\/","jwk":{{{JwsMaker.JwkOf(Key)}}},"typ":{"a":["b",1,null]}}""";
    private static readonly byte[] Good = Encoding.UTF8.GetBytes(JwsMaker.Signed(Key, Header, """{"a":"ä"}"""));

    private static readonly Dictionary<string, (byte[] Sample, Action<byte[]> Parse)> Parsers = new()
    {
        ["jws"] = (Good, d =>
        {
            if (FlattenedJws.TryParse(d, JwsUse.Signature, out var jws, out _) && jws.Jwk is { } jwk && jws.Verify(jwk.Key, JwsMaker.Providers))
            {
                // Only what is around the JWS changed: its own octets are the ones that were signed.
                Assert.True(FlattenedJws.TryParse(Good, JwsUse.Signature, out var good, out _));
                Assert.Equal(good.SigningInput, jws.SigningInput);
            }
        }),
        ["header"] = (Encoding.UTF8.GetBytes(Header), d =>
        {
            FlattenedJws.TryParse(Encoding.ASCII.GetBytes(JwsMaker.Flat(JwsMaker.Base64(d), "e30", "AAAA")), JwsUse.Signature, out _, out _);
            FlattenedJws.TryParse(Encoding.ASCII.GetBytes(JwsMaker.Flat(JwsMaker.Base64(d), "e30", "AAAA")), JwsUse.Mac, out _, out _);
        }),
        ["jwk-ec"] = Jwk(KeyAlgorithm.EcdsaP384),
        ["jwk-okp"] = Jwk(KeyAlgorithm.Ed25519),
        ["jwk-rsa"] = Jwk(KeyAlgorithm.Rsa2048),
        ["jwk-akp"] = Jwk(KeyAlgorithm.MlDsa44),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Mutated_TakesOrRefuses(string parser) => Fuzz(parser, 1, 3000);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Names))]
    public void Parse_MutatedManyTimes_TakesOrRefuses(string parser) => Fuzz(parser, 100, 200_000);

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_EveryTruncation_TakesOrRefuses(string parser)
    {
        var sample = Parsers[parser].Sample;
        for (var length = 0; length <= sample.Length; length++)
        {
            Try(parser, sample[..length], $"truncated to {length}");
        }
    }

    private static (byte[], Action<byte[]>) Jwk(KeyAlgorithm algorithm) => (Encoding.UTF8.GetBytes(JwsMaker.JwkOf(JwsMaker.Key(algorithm))), d =>
    {
        if (AgentPki.Cryptography.Jose.Jwk.TryParse(d, out var jwk, out _))
        {
            Assert.True(AgentPki.Cryptography.Jose.Jwk.TryParse(jwk.ToCanonicalJson(), out var again, out _));
            Assert.Equal(jwk.Key, again.Key);
        }
    });

    private static void Fuzz(string parser, int seed, int rounds)
    {
        var sample = Parsers[parser].Sample;
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            var data = sample.ToArray();
            for (var mutations = random.Next(1, 5); mutations > 0; mutations--)
            {
                data = Mutate(data, random);
            }

            Try(parser, data, $"seed {seed}, round {round}");
        }
    }

    private static void Try(string parser, byte[] data, string which)
    {
        try
        {
            Parsers[parser].Parse(data);
        }
        catch (Exception e)
        {
            Assert.Fail($"{parser}, {which}: {e.GetType().Name} {e.Message}\n{Convert.ToHexString(data)}");
        }
    }

    private static byte[] Mutate(byte[] data, Random random)
    {
        if (data.Length < 2)
        {
            return [.. data, (byte)random.Next(256)];
        }

        var at = random.Next(data.Length);
        switch (random.Next(7))
        {
            case 0:
                data[at] ^= (byte)(1 << random.Next(8));
                return data;
            case 1:
                return data[..at];
            case 2:
                // What JSON and base64url are made of.
                data[at] = "{}[]\":,\\/ul09-_=+ \n\0"u8[random.Next(20)];
                return data;
            case 3:
                string[] pieces = ["\\u0064", "\\ud800", "\"\":", "null", "\"alg\":\"none\",", "{}", "[", "é", "\"kid\":\"a\",", "1e999", "=="];
                return [.. data[..at], .. Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]), .. data[at..]];
            case 4:
                return [.. data[..at], .. data[(at + 1)..]];
            case 5:
                var from = random.Next(data.Length);
                return [.. data[..at], .. data[from..Math.Min(data.Length, from + random.Next(1, 60))], .. data[at..]];
            default:
                var length = Math.Min(random.Next(1, 16), data.Length - at);
                random.NextBytes(data.AsSpan(at, length));
                return data;
        }
    }
}
