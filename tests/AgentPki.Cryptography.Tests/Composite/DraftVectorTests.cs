using System.Text.Json;
using AgentPki.Cryptography.Providers;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Cryptography.Tests.Composite;

/// <summary>
/// The vectors of draft-ietf-lamps-pq-composite-sigs itself (src/testvectors.json of its repository), which are not part of this tree: test.sh runs this
/// class when AGENTPKI_COMPOSITE_VECTORS names the file. What every run has is <see cref="CompositeArtifactTests"/>.
/// </summary>
[Trait("needs", "draft-vectors")]
public sealed class DraftVectorTests
{
    private static readonly CryptoProviders Halves = new(new PlatformProvider(), new BouncyCastleProvider());
    private static readonly CompositeProvider Provider = new(Halves.All);

    [Fact]
    public void Draft_EveryCompositeVector_IsAcceptedUnmodified()
    {
        var file = Environment.GetEnvironmentVariable("AGENTPKI_COMPOSITE_VECTORS") ?? throw new InvalidOperationException("AGENTPKI_COMPOSITE_VECTORS names no file.");
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(file));
        var (message, context) = (Octets(vectors.RootElement, "m"), Octets(vectors.RootElement, "ctx"));
        var seen = new HashSet<KeyAlgorithm>();
        foreach (var test in vectors.RootElement.GetProperty("tests").EnumerateArray())
        {
            var (tbs, spki, identifier, certificateSignature) = CompositeArtifact.Read(Octets(test, "x5c"));
            var key = PublicKey.Parse(spki);
            Assert.Equal(Octets(test, "pk"), key.KeyBits.ToArray());
            var with = SignatureAlgorithm.FromAlgorithmIdentifier(identifier);
            Assert.NotNull(with);
            var providers = new CryptoProviders([.. Halves.All, Provider]);
            Assert.True(providers.Verify(key, with, tbs, certificateSignature), $"{key.Algorithm}: certificate");
            Assert.True(providers.Verify(key, with, message, Octets(test, "s")), $"{key.Algorithm}: signature");
            var own = SoftwareKeys.ImportSigningKey("vector", KeyPurpose.Subject, Octets(test, "sk_pkcs8"));
            Assert.Equal(key, own.PublicKey);
            Assert.True(providers.Verify(key, with, message, own.Sign(with, message)), $"{key.Algorithm}: own signature");
            if (key.Algorithm.Composite is not null)
            {
                Assert.Equal(Octets(test, "sk_pkcs8"), own.ExportPkcs8());
                Assert.True(CompositeSignature.Verify(Halves, key, message, Octets(test, "sWithContext"), context), $"{key.Algorithm}: with context");
                Assert.False(CompositeSignature.Verify(Halves, key, message, Octets(test, "sWithContext"), default), $"{key.Algorithm}: context left out");
                Assert.False(CompositeSignature.Verify(Halves, key, message, Octets(test, "s"), context), $"{key.Algorithm}: context put in");
                Assert.True(seen.Add(key.Algorithm));
            }
        }

        Assert.Equal(18, seen.Count);
    }

    private static byte[] Octets(JsonElement element, string name) => element.GetProperty(name).GetBytesFromBase64();
}
