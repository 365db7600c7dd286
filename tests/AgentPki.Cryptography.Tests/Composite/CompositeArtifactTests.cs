using AgentPki.Cryptography.Providers;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Cryptography.Tests.Composite;

/// <summary>Keys, signatures and certificates of BouncyCastle's Java library, all eighteen algorithms, and every mutation of them.</summary>
public sealed class CompositeArtifactTests
{
    private static readonly CompositeProvider Provider = new(new PlatformProvider(), new BouncyCastleProvider());

    public static TheoryData<string> Names => [.. KeyAlgorithm.All.Where(a => a.Composite is not null).Select(a => a.Name)];

    [Fact]
    public void Names_OfTheDraft_AreEighteen() => Assert.Equal(18, Names.Count);

    [Theory, MemberData(nameof(Names))]
    public void Verify_SignatureOfBouncyCastle_IsAccepted(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var artifact = CompositeArtifact.Of(algorithm);
        Assert.True(Provider.Verify(PublicKey.Parse(artifact.Spki), algorithm.DefaultSignature, CompositeArtifact.Message, artifact.Signature));
    }

    [Theory, MemberData(nameof(Names))]
    public void Verify_CertificateOfBouncyCastle_IsAccepted(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var (tbs, spki, identifier, signature) = CompositeArtifact.Read(CompositeArtifact.Of(algorithm).Certificate);
        Assert.Equal(algorithm.DefaultSignature, SignatureAlgorithm.FromAlgorithmIdentifier(identifier));
        Assert.True(Provider.Verify(PublicKey.Parse(spki), algorithm.DefaultSignature, tbs, signature));
    }

    [Theory, MemberData(nameof(Names))]
    public void ImportPkcs8_KeyOfBouncyCastle_SignsForItsPublicKeyAndGoesOutUnchanged(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var artifact = CompositeArtifact.Of(algorithm);
        var key = SoftwareKeys.ImportSigningKey("imported", KeyPurpose.Subject, artifact.Pkcs8);
        Assert.Equal(artifact.Spki, key.PublicKey.SubjectPublicKeyInfo.ToArray());
        var signature = key.Sign(algorithm.DefaultSignature, "another message"u8);
        Assert.True(Provider.Verify(key.PublicKey, algorithm.DefaultSignature, "another message"u8, signature));

        var again = SoftwareKeys.ImportSigningKey("again", KeyPurpose.Subject, key.ExportPkcs8());
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.Equal(key.ExportPkcs8(), again.ExportPkcs8());
    }

    [Theory, MemberData(nameof(Names))]
    public void Verify_AnythingMutated_IsRefused(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var parts = algorithm.Composite!;
        var artifact = CompositeArtifact.Of(algorithm);
        var (key, with, message, signature) = (PublicKey.Parse(artifact.Spki), algorithm.DefaultSignature, CompositeArtifact.Message, artifact.Signature);
        var half = parts.MlDsa.SignatureSize;

        // A flipped bit in each field of each half: ML-DSA's c~, z and h; the traditional signature's first, middle and last octet.
        foreach (var at in (int[])[0, 31, 40, half / 2, half - 90, half - 1, half, half + 1, half + 4, (half + signature.Length) / 2, signature.Length - 1])
        {
            var bad = (byte[])signature.Clone();
            bad[at] ^= 0x10;
            Assert.False(Provider.Verify(key, with, message, bad), $"octet {at}");
        }

        // One half alone, the halves the wrong way round, something missing, something more.
        Assert.False(Provider.Verify(key, with, message, signature.AsSpan(..half)));
        Assert.False(Provider.Verify(key, with, message, signature.AsSpan(half..)));
        Assert.False(Provider.Verify(key, with, message, [.. signature.AsSpan(half..), .. signature.AsSpan(..half)]));
        Assert.False(Provider.Verify(key, with, message, signature.AsSpan(..^1)));
        Assert.False(Provider.Verify(key, with, message, [.. signature, 0]));
        Assert.False(Provider.Verify(key, with, message, []));

        // Another message; the same as another composite of the same halves, or as a plain ML-DSA signature.
        Assert.False(Provider.Verify(key, with, [.. message, 0], signature));
        foreach (var other in KeyAlgorithm.All.Where(a => a != algorithm && a.Composite is { } p && p.MlDsa == parts.MlDsa && p.Traditional == parts.Traditional))
        {
            Assert.True(key.TryGetHalves(out var mlDsa, out var traditional));
            Assert.False(Provider.Verify(PublicKey.Combine(other, mlDsa, traditional), other.DefaultSignature, message, signature), other.Name);
        }

        Assert.False(Provider.Verify(key, parts.MlDsa.DefaultSignature, message, signature.AsSpan(..half)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Verify_OneHalfOfAnotherKey_IsRefused(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var artifact = CompositeArtifact.Of(algorithm);
        var key = PublicKey.Parse(artifact.Spki);
        Assert.True(key.TryGetHalves(out var mlDsa, out var traditional));
        var stranger = CompositeArtifact.All.Select(a => PublicKey.Parse(a.Spki)).Where(k => k.Algorithm != algorithm);
        foreach (var other in stranger)
        {
            Assert.True(other.TryGetHalves(out var otherMlDsa, out var otherTraditional));
            if (otherMlDsa.Algorithm == mlDsa.Algorithm)
            {
                Assert.False(Provider.Verify(PublicKey.Combine(algorithm, otherMlDsa, traditional), algorithm.DefaultSignature, CompositeArtifact.Message, artifact.Signature));
            }

            if (otherTraditional.Algorithm == traditional.Algorithm)
            {
                Assert.False(Provider.Verify(PublicKey.Combine(algorithm, mlDsa, otherTraditional), algorithm.DefaultSignature, CompositeArtifact.Message, artifact.Signature));
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void TryParse_KeyCutOrExtendedOrOfTheWrongKind_IsRefusedWithAReason(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var key = PublicKey.Parse(CompositeArtifact.Of(algorithm).Spki);
        Assert.True(key.TryGetHalves(out var mlDsa, out var traditional));
        byte[] swapped = [.. traditional.KeyBits.Span, .. mlDsa.KeyBits.Span];
        foreach (var bits in (byte[][])[[], key.KeyBits[..^1].ToArray(), [.. key.KeyBits.Span, 0], mlDsa.KeyBits.ToArray(), swapped])
        {
            // Neither ML-DSA nor EdDSA keys have a form that tells them from other octets.
            if (bits == swapped && traditional.Algorithm.Family == AlgorithmFamily.EdDsa)
            {
                continue;
            }

            Assert.False(PublicKey.TryParse(Spki(algorithm, bits), out _, out var error));
            Assert.Contains(algorithm.Name, error, StringComparison.Ordinal);
        }
    }

    private static byte[] Spki(KeyAlgorithm algorithm, byte[] bits)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(bits);
        }

        return writer.Encode();
    }
}
