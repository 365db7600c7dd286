using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11.Tests.Faults;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>A real token taken away under a running pool, and put back: no restart.</summary>
public sealed class LostTokenTests(SoftHsmFixture softHsm)
{
    private static readonly PlatformProvider Verifier = new();

    [Fact]
    public async Task SignAsync_TokenFolderGoneAndRestored_BreakerOpensAndRecovers()
    {
        var cancel = TestContext.Current.CancellationToken;
        var before = Directory.GetDirectories(softHsm.TokenDirectory).ToHashSet();
        var options = softHsm.Token("lost") with { BreakerPause = TimeSpan.FromMilliseconds(50), BreakerLongestPause = TimeSpan.FromMilliseconds(400) };
        var folder = FolderOf("lost", before);
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        var key = await provider.GenerateAsync(new("survivor", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), cancel);
        await AssertSigns(key);

        var away = Path.Combine(softHsm.Directory, "away");
        Directory.Move(folder, away);
        try
        {
            await Eventually.True(() => FailsAsync(key).GetAwaiter().GetResult() && !provider.IsHealthy, "the breaker opens");
            Assert.NotNull(provider.DownReason);
            // It stays open through several tries.
            await Task.Delay(1000, cancel);
            Assert.Equal(BreakerState.Open, provider.Health.Breaker);
        }
        finally
        {
            Directory.Move(away, folder);
        }

        await Eventually.True(() => provider.IsHealthy, "the token is found again");
        await AssertSigns(key);
        Assert.Equal(BreakerState.Closed, provider.Health.Breaker);
    }

    [Fact]
    public async Task SignAsync_OneKeyDeleted_OthersGoOn()
    {
        var cancel = TestContext.Current.CancellationToken;
        var options = softHsm.Token("deleted");
        await using var provider = await SoftHsmFixture.OpenAsync(options);
        var kept = await provider.GenerateAsync(new("kept", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), cancel);
        var deleted = await provider.GenerateAsync(new("deleted", KeyAlgorithm.EcdsaP256, KeyPurpose.OcspResponder), cancel);
        await AssertSigns(deleted);
        softHsm.DeletePrivateKey(options, "ocsp-responder/deleted");
        for (var i = 0; i < 5; i++)
        {
            var failure = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await deleted.SignAsync(SignatureAlgorithm.EcdsaSha256, new byte[3], cancel));
            Assert.Contains("private key 'deleted'", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(BreakerState.Closed, provider.Health.Breaker);
        await AssertSigns(kept);
    }

    private string FolderOf(string label, HashSet<string> before) =>
        Directory.GetDirectories(softHsm.TokenDirectory).Where(d => !before.Contains(d)).Single(d => File.ReadAllText(Path.Combine(d, "token.object")).Contains(label, StringComparison.Ordinal));

    private static async Task<bool> FailsAsync(ISigningKey key)
    {
        try
        {
            await key.SignAsync(SignatureAlgorithm.EcdsaSha256, new byte[3], default);
            return false;
        }
        catch (KeyUnavailableException)
        {
            return true;
        }
    }

    private static async Task AssertSigns(ISigningKey key)
    {
        var signature = await key.SignAsync(SignatureAlgorithm.EcdsaSha256, new byte[3], default);
        Assert.True(Verifier.Verify(key.PublicKey, SignatureAlgorithm.EcdsaSha256, new byte[3], signature));
    }
}
