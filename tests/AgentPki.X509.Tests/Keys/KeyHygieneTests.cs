using System.Numerics;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing;
using AgentPki.X509.Der;
using AgentPki.X509.Keys;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Keys;

public sealed class KeyHygieneTests
{
    // RFC 9500 §2.3 testECCP256: its private half is printed there.
    private const string PublishedKey =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjVuKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==";

    private static readonly Random Seeded = new(7);

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("ed25519")]
    [InlineData("rsa-2048")]
    [InlineData("rsa-3072")]
    public void Check_FreshKey_IsFit(string name) => Assert.Null(KeyHygiene.Check(TestPki.Key(KeyAlgorithm.Find(name)!).PublicKey));

    [Fact]
    public void Check_PublishedKey_IsRefused() =>
        Assert.Contains("known to the public", KeyHygiene.Check(PublicKey.Parse(Convert.FromBase64String(PublishedKey))), StringComparison.Ordinal);

    // RFC 9881, 9935: made from the seed 000102…, which the standards print.
    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    [InlineData("ml-kem-512")]
    [InlineData("ml-kem-768")]
    [InlineData("ml-kem-1024")]
    public async Task Check_KeyOfAStandardsExampleSeed_IsRefused(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.WriteInteger(0);
            writer.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
            using var key = writer.OctetString();
            writer.Write(DerTag.Context(0), [.. Enumerable.Range(0, algorithm.CanSign ? 32 : 64).Select(i => (byte)i)]);
        }

        await using IPrivateKey made = algorithm.CanSign
            ? SoftwareKeys.ImportSigningKey("example", KeyPurpose.Subject, writer.Written)
            : SoftwareKeys.ImportDecapsulationKey("example", KeyPurpose.Subject, writer.Written);

        Assert.Contains("known to the public", KeyHygiene.Check(made.PublicKey), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("mldsa44-rsa2048-pss")]
    public async Task Check_FreshPostQuantumKey_IsFit(string name)
    {
        ICryptoProvider[] halves = [new PlatformProvider(), new BouncyCastleProvider()];
        var algorithm = KeyAlgorithm.Find(name)!;
        var provider = new CryptoProviders([.. halves, new CompositeProvider(halves)]).For(algorithm, KeyCapabilities.Generate)!;
        await using var key = await provider.GenerateAsync(new KeySpec("fresh", algorithm, KeyPurpose.Subject), TestContext.Current.CancellationToken);

        Assert.Null(KeyHygiene.Check(key.PublicKey));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(65535)]
    [InlineData(65538)]
    public void CheckRsa_SmallOrEvenExponent_IsRefused(int exponent) => Assert.Contains("exponent", KeyHygiene.CheckRsa(Modulus(1024), exponent), StringComparison.Ordinal);

    [Fact]
    public void CheckRsa_HugeExponent_IsRefused() => Assert.Contains("exponent", KeyHygiene.CheckRsa(Modulus(1024), (BigInteger.One << 256) + 1), StringComparison.Ordinal);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(127)]
    [InlineData(751)]
    public void CheckRsa_SmallFactor_IsRefused(int factor) => Assert.Contains("small factor", KeyHygiene.CheckRsa(Prime(1024) * factor, 65537), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(90)]
    public void CheckRsa_ClosePrimes_AreRefused(int rounds)
    {
        // p and q = p + 2d: Fermat needs about d²/2p rounds, so d is chosen for the number of rounds wanted.
        var p = Prime(512);
        var distance = rounds == 0 ? BigInteger.Zero : KeyHygiene.SquareRoot(p * rounds * 2);
        var q = NextPrime(p + distance);

        Assert.Contains("Fermat", KeyHygiene.CheckRsa(p * q, 65537), StringComparison.Ordinal);
    }

    [Fact]
    public void CheckRsa_PrimesOfTheRocaForm_AreRefused()
    {
        // p = k·M + 65537^a mod M, with M the product of the first 39 primes, as for 512 bits in the paper.
        BigInteger m = 1;
        foreach (var prime in Enumerable.Range(2, 166).Where(n => Enumerable.Range(2, n - 2).All(d => n % d != 0)))
        {
            m *= prime;
        }

        BigInteger RocaPrime()
        {
            while (true)
            {
                var candidate = Random(512 - (int)m.GetBitLength()) * m + BigInteger.ModPow(65537, Random(32), m);
                if (IsProbablePrime(candidate))
                {
                    return candidate;
                }
            }
        }

        Assert.Contains("ROCA", KeyHygiene.CheckRsa(RocaPrime() * RocaPrime(), 65537), StringComparison.Ordinal);
    }

    [Fact]
    public void SquareRoot_AnyNumber_IsTheFloor()
    {
        for (var i = 0; i < 500; i++)
        {
            var value = Random(1 + i);
            var root = KeyHygiene.SquareRoot(value);
            Assert.True(root * root <= value && (root + 1) * (root + 1) > value);
        }
    }

    [Fact]
    public void KnownKeys_ReadOfDebianForm_MatchesTheModulus()
    {
        var key = TestPki.Key(KeyAlgorithm.Rsa2048).PublicKey;
        Assert.True(key.TryGetRsaParameters(out var modulus, out _));
        using var openssl = new OpenSslTool();
        openssl.Write("key.der", key.SubjectPublicKeyInfo.Span);
        // What openssl-vulnkey of Debian computed: sha1 of "Modulus=…", the last 20 digits.
        var line = openssl.Run("rsa", "-pubin", "-inform", "DER", "-in", "key.der", "-noout", "-modulus");
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.ASCII.GetBytes(line)))[20..];

        var list = KnownKeys.Read(new StringReader($"# a comment\n\n{expected} # rsa\n"));

        Assert.Equal(expected, KnownKeys.DebianFingerprint(modulus.Span));
        Assert.Contains("known to the public", KeyHygiene.Check(key, list), StringComparison.Ordinal);
        Assert.Null(KeyHygiene.Check(TestPki.Key(KeyAlgorithm.Rsa3072).PublicKey, list));
        Assert.Equal(KnownKeys.BuiltIn.Count + 1, list.Count);
    }

    [Theory]
    [InlineData("xyz")]
    [InlineData("0123456789")]
    [InlineData("not hexadecimal at al")]
    public void KnownKeys_ReadOfSomethingElse_SaysWhichLine(string line) =>
        Assert.Contains("Line 2", Assert.Throws<FormatException>(() => KnownKeys.Read(new StringReader("# comment\n" + line))).Message, StringComparison.Ordinal);

    private static BigInteger Modulus(int bits) => Prime(bits / 2) * Prime(bits / 2);

    private static BigInteger Random(int bits)
    {
        var octets = new byte[bits / 8 + 1];
        Seeded.NextBytes(octets);
        return new BigInteger(octets, isUnsigned: true) & ((BigInteger.One << bits) - 1);
    }

    private static BigInteger Prime(int bits) => NextPrime(Random(bits) | (BigInteger.One << (bits - 1)));

    private static BigInteger NextPrime(BigInteger from)
    {
        for (var candidate = from | 1; ; candidate += 2)
        {
            if (IsProbablePrime(candidate))
            {
                return candidate;
            }
        }
    }

    private static bool IsProbablePrime(BigInteger n)
    {
        if (Enumerable.Range(3, 300).Any(d => n % d == 0 && n != d))
        {
            return false;
        }

        return new[] { 2, 3, 5, 7 }.All(b => BigInteger.ModPow(b, n - 1, n).IsOne);
    }
}
