using AgentPki.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>The traditional halves of composite keys in the tokens, curves that occur nowhere else here among them; BouncyCastle judges.</summary>
[Collection("NSS")]
public sealed class CompositeHalfTests(SoftHsmFixture softHsm, NssFixture nss)
{
    private static int _labels;

    private static readonly KeyAlgorithm[] NssLacks = [KeyAlgorithm.MlDsa65EcdsaBrainpoolP256, KeyAlgorithm.MlDsa87EcdsaBrainpoolP384, KeyAlgorithm.MlDsa87Ed448];

    public static TheoryData<string> WithCurves => new(Composites(AlgorithmFamily.Ecdsa).Concat(Composites(AlgorithmFamily.EdDsa)).Select(k => k.Name));

    public static TheoryData<string> WithRsa => new(Composites(AlgorithmFamily.Rsa).Select(k => k.Name));

    [Theory]
    [MemberData(nameof(WithCurves))]
    public async Task SignAsync_TraditionalHalfInSoftHsm_VerifiesAndSignsNothingElse(string composite)
    {
        await using var provider = await SoftHsmFixture.OpenAsync(softHsm.Token("halves"));
        await SignsAsHalfAloneAsync(provider, KeyAlgorithm.Find(composite)!);
    }

    [Theory]
    [MemberData(nameof(WithCurves))]
    public async Task SignAsync_TraditionalHalfInNss_VerifiesAndSignsNothingElse(string composite)
    {
        var algorithm = KeyAlgorithm.Find(composite)!;
        await using var provider = await nss.OpenAsync();
        if (NssLacks.Contains(algorithm))
        {
            var kind = algorithm.Composite!.Traditional;
            Assert.Equal(KeyCapabilities.None, provider.CapabilitiesFor(kind));
            await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(new("half", kind, KeyPurpose.CompositeHalf), default));
            return;
        }

        await SignsAsHalfAloneAsync(provider, algorithm);
    }

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(WithRsa))]
    public async Task SignAsync_RsaHalfInEitherToken_VerifiesAndSignsNothingElse(string composite)
    {
        await using var inSoftHsm = await SoftHsmFixture.OpenAsync(softHsm.Token("halves"));
        await SignsAsHalfAloneAsync(inSoftHsm, KeyAlgorithm.Find(composite)!);
        await using var inNss = await nss.OpenAsync();
        await SignsAsHalfAloneAsync(inNss, KeyAlgorithm.Find(composite)!);
    }

    private static IEnumerable<KeyAlgorithm> Composites(AlgorithmFamily traditional) => KeyAlgorithm.All.Where(k => k.Composite?.Traditional.Family == traditional);

    private static async Task SignsAsHalfAloneAsync(Pkcs11Provider provider, KeyAlgorithm composite)
    {
        var (kind, half) = (composite.Composite!.Traditional, SignatureAlgorithm.TraditionalHalfOf(composite));
        Assert.Equal(KeyCapabilities.Generate | KeyCapabilities.Sign, provider.CapabilitiesFor(kind));
        var label = $"half-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}";
        await using (var made = await provider.GenerateAsync(new(label, kind, KeyPurpose.CompositeHalf), default))
        {
            Assert.Equal(kind, made.Algorithm);
        }

        await using var key = await provider.OpenAsync(label, default);
        Assert.Equal((kind, KeyPurpose.CompositeHalf), (key!.Algorithm, key.Purpose));
        var message = "what a composite gives its halves"u8.ToArray();
        for (var i = 0; i < 8; i++)
        {
            var signature = await key.SignAsync(half, message, default);
            Assert.True(Verifies(key.PublicKey, half, message, signature), $"{half}");
            signature[^1] ^= 1;
            Assert.False(Verifies(key.PublicKey, half, message, signature));
        }

        await Assert.ThrowsAsync<ArgumentException>(async () => await key.SignAsync(half.Base, message, default));
        if (KeyAlgorithm.HalvesOnly.Contains(kind))
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await provider.GenerateAsync(new(label + "x", kind, KeyPurpose.CertificateAuthority), default));
        }
    }

    private static bool Verifies(PublicKey key, SignatureAlgorithm algorithm, byte[] message, byte[] signature)
    {
        var hash = algorithm.Hash.ToString().Replace("Sha", "SHA-", StringComparison.Ordinal);
        var verifier = SignerUtilities.GetSigner(algorithm.Family switch
        {
            AlgorithmFamily.Ecdsa => hash + "withECDSA",
            AlgorithmFamily.Rsa => hash + (algorithm.IsPss ? "withRSAandMGF1" : "withRSA"),
            _ => key.Algorithm.Name.StartsWith("ed448", StringComparison.Ordinal) ? "Ed448" : "Ed25519",
        });
        try
        {
            verifier.Init(false, PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray()));
            verifier.BlockUpdate(message, 0, message.Length);
            return verifier.VerifySignature(signature);
        }
        catch (CryptoException)
        {
            return false;
        }
    }
}
