using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests;

/// <summary>What a request says that this build does not take, and that the refusal says why.</summary>
public sealed class UnknownAlgorithmTests
{
    public static TheoryData<string, string> Keys => new()
    {
        { "2.16.840.1.114027.80.8.1.28", "older draft" }, // MLDSA65-ECDSA-P256 of composite-sigs-04
        { "2.16.840.1.114027.80.9.1.8", "older draft" },
        { "2.16.840.1.114027.80.4.1", "older draft" },
        { "1.3.6.1.4.1.2.267.7.6.5", "older draft" }, // Dilithium3, round 3
        { "1.3.6.1.4.1.2.267.12.6.5", "older draft" }, // ML-DSA-65 of FIPS 204's public draft
        { "1.3.6.1.4.1.2.267.8.3.3", "older draft" }, // Kyber768
        { "1.3.6.1.4.1.22554.5.6.2", "older draft" }, // Kyber768 of BouncyCastle
        { "1.3.9999.2.7.4", "older draft" }, // Dilithium3 of Open Quantum Safe
        { "1.3.9999.7.1", "older draft" }, // P256 with ML-DSA-44 of Open Quantum Safe
        { "2.16.840.1.101.3.4.3.33", "pre-hash" }, // HashML-DSA-65
        { "2.16.840.1.101.3.4.3.35", "pre-hash" }, // HashSLH-DSA-SHA2-128s
        { "1.3.6.1.4.1.32473.98", "not supported" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void TryParse_KeyOfAnAlgorithmThatIsNoStandards_SaysWhatItIs(string oid, string says)
    {
        Assert.False(Pkcs10Request.TryParse(Request(Identifier(oid), new byte[1952], SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.ToArray()), out _, out var error));

        Assert.Equal(RequestErrorKind.UnsupportedAlgorithm, error.Kind);
        Assert.Contains(says, error.Detail, StringComparison.Ordinal);
        Assert.Contains(oid, error.Detail, StringComparison.Ordinal);
        Assert.Contains("public key algorithm", error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void TryParse_SignatureOfAnAlgorithmThatIsNoStandards_SaysWhatItIs(string oid, string says)
    {
        var key = TestPki.Key(KeyAlgorithm.EcdsaP256).PublicKey;
        Assert.False(Pkcs10Request.TryParse(Request(KeyAlgorithm.EcdsaP256.AlgorithmIdentifier.ToArray(), key.KeyBits.ToArray(), Identifier(oid)), out _, out var error));

        Assert.Equal(RequestErrorKind.UnsupportedAlgorithm, error.Kind);
        Assert.Contains(says, error.Detail, StringComparison.Ordinal);
        Assert.Contains("signature algorithm", error.Detail, StringComparison.Ordinal);
    }

    public static TheoryData<string> WithoutParameters => [.. KeyAlgorithm.All.Where(a => a.IsQuantumSafe).Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(WithoutParameters))]
    public void TryParse_ParametersWhereThereAreNone_SaysSo(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        foreach (var (parameters, says) in ((byte[], string)[])[([5, 0], "NULL"), ([0x30, 0], "there are some")])
        {
            Assert.False(Pkcs10Request.TryParse(Request(Identifier(algorithm.Oid, parameters), new byte[Math.Max(1, algorithm.PublicKeySize)], SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.ToArray()), out _, out var error));

            Assert.Equal(RequestErrorKind.UnsupportedAlgorithm, error.Kind);
            Assert.Contains("must be absent", error.Detail, StringComparison.Ordinal);
            Assert.Contains(says, error.Detail, StringComparison.Ordinal);
            Assert.Contains(name, error.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ml-dsa-44", "ml-dsa-65")]
    [InlineData("ml-dsa-87", "slh-dsa-sha2-128s")]
    [InlineData("slh-dsa-sha2-128s", "slh-dsa-shake-128s")]
    public void TryParse_SignatureOfAnotherParameterSet_SaysThatTheKeyCannot(string key, string signature)
    {
        var algorithm = KeyAlgorithm.Find(key)!;
        Assert.False(Pkcs10Request.TryParse(Request(algorithm.AlgorithmIdentifier.ToArray(), new byte[algorithm.PublicKeySize], KeyAlgorithm.Find(signature)!.AlgorithmIdentifier.ToArray()), out _, out var error));

        Assert.Equal(RequestErrorKind.UnsupportedAlgorithm, error.Kind);
        Assert.Equal($"The request is signed with {signature}, which a key of kind {key} cannot do.", error.Detail);
    }

    [Theory]
    [InlineData("ml-dsa-44", -1)]
    [InlineData("ml-dsa-65", 1)]
    [InlineData("slh-dsa-shake-256f", -1)]
    [InlineData("ml-kem-768", 1)]
    public void TryParse_KeyOfAnotherLength_IsABadKey(string name, int difference)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var signature = algorithm.CanSign ? algorithm.AlgorithmIdentifier.ToArray() : SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.ToArray();
        Assert.False(Pkcs10Request.TryParse(Request(algorithm.AlgorithmIdentifier.ToArray(), new byte[algorithm.PublicKeySize + difference], signature), out _, out var error));

        Assert.Equal(RequestErrorKind.BadKey, error.Kind);
        Assert.Contains($"{algorithm.PublicKeySize} octets, not {algorithm.PublicKeySize + difference}", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_RequestForAKeyThatCannotSign_NamesTheRemedies()
    {
        Assert.False(Pkcs10Request.TryParse(Request(KeyAlgorithm.MlKem768.AlgorithmIdentifier.ToArray(), new byte[1184], SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.ToArray()), out _, out var error));

        Assert.Equal(RequestErrorKind.UnsupportedAlgorithm, error.Kind);
        Assert.Contains("RFC 9883", error.Detail, StringComparison.Ordinal);
        Assert.Contains("serverkeygen", error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3000")]
    [InlineData("30020500")]
    [InlineData("3003060100")]
    public void Describe_NoAlgorithmIdentifier_SaysSo(string hex) =>
        Assert.NotEmpty(UnknownAlgorithm.Describe(Convert.FromHexString(hex), "signature algorithm"));

    private static byte[] Identifier(string oid, byte[]? parameters = null)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.WriteOid(oid);
            writer.WriteEncoded(parameters);
        }

        return writer.ToArray();
    }

    private static byte[] Request(byte[] keyIdentifier, byte[] keyBits, byte[] signatureIdentifier)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                writer.WriteInteger(0);
                writer.WriteEncoded(TestPki.Agent.Subject.Der.Span);
                using (writer.Sequence())
                {
                    writer.WriteEncoded(keyIdentifier);
                    writer.WriteBitString(keyBits);
                }

                writer.Write(DerTag.ContextConstructed(0), []);
            }

            writer.WriteEncoded(signatureIdentifier);
            writer.WriteBitString(new byte[64]);
        }

        return writer.ToArray();
    }
}
