using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Xunit;

namespace AgentPki.Cryptography.Tests.Providers.Pinned;

/// <summary>The pinned signer against an independent implementation: same seed, same key; same message, same deterministic signature.</summary>
public sealed class PinnedKeyTests
{
    private static readonly byte[] Message = "the message, a little longer than one block of any hash function that is used here, so that the padding is not always in the first one; 0123456789"u8.ToArray();

    public static TheoryData<string> MlDsa => ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];

    public static TheoryData<string> FastSlhDsa => [.. SlhDsaNames.Where(n => n.EndsWith('f'))];

    public static TheoryData<string> SmallSlhDsa => [.. SlhDsaNames.Where(n => n.EndsWith('s'))];

    private static IEnumerable<string> SlhDsaNames => KeyAlgorithm.All.Where(a => a.Family == AlgorithmFamily.SlhDsa).Select(a => a.Name);

    [Theory]
    [MemberData(nameof(MlDsa))]
    public void Sign_MlDsa_IsBouncyCastlesKeyAndDeterministicSignature(string name)
    {
        for (var round = 0; round < 40; round++)
        {
            var algorithm = KeyAlgorithm.Find(name)!;
            var seed = SHA256.HashData([(byte)round, .. "pinned"u8]);
            var foreign = MLDsaPrivateKeyParameters.FromSeed(MlDsaSet(name), seed);
            using var key = PinnedKey.Expand(algorithm, seed);
            Assert.Equal(foreign.GetPublicKeyEncoded(), key.PublicKeyBits());
            var message = Message[..(round * 3)];
            var context = round % 2 == 0 ? [] : SHA512.HashData(seed)[..(round + 3)];
            var theirs = Deterministic(foreign, context, message);
            Assert.Equal(theirs, key.Sign(message, context, deterministic: true));
            Assert.True(Verifies(foreign.GetPublicKey(), context, message, key.Sign(message, context)));
        }
    }

    [Theory]
    [MemberData(nameof(FastSlhDsa))]
    public void Sign_FastSlhDsa_IsBouncyCastlesKeyAndDeterministicSignature(string name) => SlhDsaIsTheirs(name);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(SmallSlhDsa))]
    public void Sign_SmallSlhDsa_IsBouncyCastlesKeyAndDeterministicSignature(string name) => SlhDsaIsTheirs(name);

    [Theory]
    [InlineData("ml-dsa-65")]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("slh-dsa-shake-128f")]
    public void Sign_Twice_IsHedged(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        using var key = PinnedKey.Expand(algorithm, RandomNumberGenerator.GetBytes(PinnedKey.SecretSize(algorithm)));
        Assert.NotEqual(key.Sign(Message, []), key.Sign(Message, []));
        Assert.Throws<ArgumentException>(() => key.Sign(Message, new byte[256]));
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("slh-dsa-sha2-128f")]
    public void Expand_PublicKeyOfAnotherSecret_Throws(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        using var other = PinnedKey.Expand(algorithm, RandomNumberGenerator.GetBytes(PinnedKey.SecretSize(algorithm)));
        Assert.Throws<ArgumentException>(() => PinnedKey.Expand(algorithm, RandomNumberGenerator.GetBytes(PinnedKey.SecretSize(algorithm)), other.PublicKeyBits()));
        Assert.Throws<ArgumentException>(() => PinnedKey.Expand(algorithm, new byte[PinnedKey.SecretSize(algorithm) - 1]));
        Assert.Throws<NotSupportedException>(() => PinnedKey.Expand(KeyAlgorithm.EcdsaP256, new byte[32]));
    }

    [Fact]
    public async Task Sign_ManyThreadsOneKey_EachSignatureIsTheSame()
    {
        using var key = PinnedKey.Expand(KeyAlgorithm.MlDsa65, new byte[32]);
        var expected = key.Sign(Message, [], deterministic: true);
        var made = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => key.Sign(Message, [], deterministic: true))));
        Assert.All(made, m => Assert.Equal(expected, m));
    }

    [Fact]
    public void Sign_DisposedKey_Throws()
    {
        var key = PinnedKey.Expand(KeyAlgorithm.MlDsa44, new byte[32]);
        key.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign(Message, []));
    }

    private static void SlhDsaIsTheirs(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var secret = SHA512.HashData("slh"u8).Concat(SHA512.HashData("dsa"u8)).Take(PinnedKey.SecretSize(algorithm)).ToArray();
        using var key = PinnedKey.Expand(algorithm, secret);
        var publicKey = key.PublicKeyBits();
        var set = SlhDsaSet(name);
        // SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root
        var foreign = SlhDsaPrivateKeyParameters.FromEncoding(set, [.. secret, .. publicKey[(publicKey.Length / 2)..]]);
        byte[] context = [1, 2, 3];
        var signature = key.Sign(Message, context, deterministic: true);
        var signer = new SlhDsaSigner(set, deterministic: true);
        signer.Init(true, new ParametersWithContext(foreign, context));
        signer.BlockUpdate(Message, 0, Message.Length);
        Assert.Equal(signer.GenerateSignature(), signature);

        using var again = PinnedKey.Expand(algorithm, secret, publicKey);
        var hedged = again.Sign(Message, []);
        var verifier = new SlhDsaSigner(set, deterministic: false);
        verifier.Init(false, SlhDsaPublicKeyParameters.FromEncoding(set, publicKey));
        verifier.BlockUpdate(Message, 0, Message.Length);
        Assert.True(verifier.VerifySignature(hedged));
    }

    private static byte[] Deterministic(MLDsaPrivateKeyParameters key, byte[] context, byte[] message)
    {
        var signer = new MLDsaSigner(key.Parameters, deterministic: true);
        signer.Init(true, new ParametersWithContext(key, context));
        signer.BlockUpdate(message, 0, message.Length);
        return signer.GenerateSignature();
    }

    private static bool Verifies(MLDsaPublicKeyParameters key, byte[] context, byte[] message, byte[] signature)
    {
        var signer = new MLDsaSigner(key.Parameters, deterministic: false);
        signer.Init(false, new ParametersWithContext(key, context));
        signer.BlockUpdate(message, 0, message.Length);
        return signer.VerifySignature(signature);
    }

    private static MLDsaParameters MlDsaSet(string name) => name switch
    {
        "ml-dsa-44" => MLDsaParameters.ml_dsa_44,
        "ml-dsa-65" => MLDsaParameters.ml_dsa_65,
        _ => MLDsaParameters.ml_dsa_87,
    };

    private static SlhDsaParameters SlhDsaSet(string name) =>
        (SlhDsaParameters)typeof(SlhDsaParameters).GetField(name.Replace('-', '_'))!.GetValue(null)!;
}
