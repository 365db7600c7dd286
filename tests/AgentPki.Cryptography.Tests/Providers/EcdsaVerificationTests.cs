using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using CsCheck;
using Xunit;

namespace AgentPki.Cryptography.Tests.Providers;

/// <summary>The provider's own way into libcrypto must give the same answer as System.Security.Cryptography, for good and for broken signatures.</summary>
public sealed class EcdsaVerificationTests
{
    private static readonly PlatformProvider Provider = new();

    [Theory]
    [InlineData("1.2.840.10045.3.1.7", "ecdsa-sha256")]
    [InlineData("1.2.840.10045.3.1.7", "ecdsa-sha512")]
    [InlineData("1.3.132.0.34", "ecdsa-sha384")]
    public void Verify_SignatureWithOneOctetChanged_AnswersAsThePlatformDoes(string curve, string algorithmName)
    {
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        PublicKey publicKey = PublicKey.Parse(key.ExportSubjectPublicKeyInfo());
        SignatureAlgorithm algorithm = SignatureAlgorithm.Find(algorithmName)!;
        var hash = new HashAlgorithmName("SHA" + algorithmName[^3..]);
        byte[] message = [.. "what is signed"u8];
        byte[] signature = key.SignData(message, hash, DSASignatureFormat.Rfc3279DerSequence);
        Assert.True(Provider.Verify(publicKey, algorithm, message, signature));

        Gen.Select(Gen.Int[0, signature.Length - 1], Gen.Byte).Sample(
            (at, value) =>
            {
                byte[] changed = [.. signature];
                changed[at] = value;
                bool expected = key.VerifyData(message, changed, hash, DSASignatureFormat.Rfc3279DerSequence);
                return Provider.Verify(publicKey, algorithm, message, changed) == expected && expected == (value == signature[at]);
            },
            iter: 300);
    }

    [Fact]
    public void Verify_SignatureOfAnotherMessageKeyOrLength_IsFalse()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PublicKey publicKey = PublicKey.Parse(key.ExportSubjectPublicKeyInfo());
        byte[] signature = key.SignData("message"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

        Assert.False(Provider.Verify(publicKey, SignatureAlgorithm.EcdsaSha256, "another"u8, signature));
        Assert.False(Provider.Verify(PublicKey.Parse(other.ExportSubjectPublicKeyInfo()), SignatureAlgorithm.EcdsaSha256, "message"u8, signature));
        Assert.False(Provider.Verify(publicKey, SignatureAlgorithm.EcdsaSha256, "message"u8, signature.AsSpan()[..^1]));
        Assert.False(Provider.Verify(publicKey, SignatureAlgorithm.EcdsaSha256, "message"u8, [.. signature, 0]));
        Assert.False(Provider.Verify(publicKey, SignatureAlgorithm.EcdsaSha256, "message"u8, []));
    }

    [Fact]
    public void Verify_OneKeyFromManyThreads_AllTrue()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PublicKey publicKey = PublicKey.Parse(key.ExportSubjectPublicKeyInfo());
        byte[] signature = key.SignData("message"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        int good = 0;
        Parallel.For(0, 500, _ =>
        {
            if (Provider.Verify(publicKey, SignatureAlgorithm.EcdsaSha256, "message"u8, signature))
            {
                Interlocked.Increment(ref good);
            }
        });
        Assert.Equal(500, good);
    }
}
