using System.Text;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Locks;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Authority.Tests.Locks;

/// <summary>Tokens that officers open together: who counts, what is refused with which reason, and what is thrown away.</summary>
public sealed class QuorumLockTests : IAsyncLifetime
{
    private static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly FakeTimeProvider _time = new();
    private readonly List<(Officer Officer, OfficerKey Key)> _officers = [];
    private readonly List<string> _opened = [];
    private SealedSecret? _secret;
    private int _closed;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (var name in (string[])["ada", "bob", "eve"])
        {
            var (file, officer) = await OfficerKeyFile.CreateAsync(name, $"Officer {name}", KeyAlgorithm.EcdsaP256, Passphrase, 1000, Software, Cancel);
            Assert.True(OfficerKeyFile.TryOpen(file, officer, Passphrase, out var key, out _));
            _officers.Add((officer, key));
        }

        _secret = await SealAsync("31415926");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, key) in _officers)
        {
            await key.DisposeAsync();
        }
    }

    [Fact]
    public async Task Take_TwoOfThree_OpensWithTheSecretAndZeroizesShares()
    {
        using var one = Lock();
        using var locks = new QuorumLocks([one]);
        Assert.Equal("locked: 0 of 2 officers have opened token 'main'", locks.WhyLocked);
        var (first, second) = (await ShareAsync(_secret!, 2), await ShareAsync(_secret!, 0));
        Assert.Equal(new ShareVerdict("main", null, false), locks.Take(first));
        Assert.Equal("locked: 1 of 2 officers have opened token 'main'", locks.WhyLocked);
        Assert.Equal(["eve"], one.Given);
        var open = locks.WaitUntilOpenAsync(Cancel);
        Assert.False(open.IsCompleted);
        Assert.Equal(new ShareVerdict("main", null, true), locks.Take(second));
        await open;
        Assert.Equal(["31415926"], _opened);
        Assert.True(locks.AreOpen);
        Assert.Null(locks.WhyLocked);
        Assert.All((OpenedShare[])[first, second], s => Assert.All(s.Share.Value, octet => Assert.Equal(0, octet)));

        var late = await ShareAsync(_secret!, 1);
        Assert.Contains("open already", locks.Take(late).Problem, StringComparison.Ordinal);
        Assert.All(late.Share.Value, octet => Assert.Equal(0, octet));
        var locked = locks.WaitUntilLockedAsync(Cancel);
        Assert.Equal(["main"], locks.Close("the token refused"));
        await locked;
        Assert.Equal(("the token refused", 1, false), (locks.Problem, _closed, locks.AreOpen));
        Assert.Empty(locks.Close());
    }

    [Fact]
    public async Task Take_SameOfficerTwice_CountsOnce()
    {
        using var one = Lock();
        Assert.Null(one.Take(await ShareAsync(_secret!, 0)).Problem);
        Assert.Contains("ada has given a share already", one.Take(await ShareAsync(_secret!, 0)).Problem, StringComparison.Ordinal);
        Assert.Equal(["ada"], one.Given);
        Assert.Empty(_opened);
    }

    [Fact]
    public async Task Take_ShareOfAnotherSealing_IsRefusedAndNamed()
    {
        using var one = Lock();
        using var locks = new QuorumLocks([one]);
        var foreign = await SealAsync("27182818");
        var verdict = locks.Take(await ShareAsync(foreign, 0));
        Assert.Null(verdict.Lock);
        Assert.Contains($"belongs to another sealing ({foreign.Id})", verdict.Problem, StringComparison.Ordinal);
        Assert.Contains("belongs to another sealing", one.Take(await ShareAsync(foreign, 1)).Problem, StringComparison.Ordinal);
        Assert.Empty(one.Given);
    }

    [Fact]
    public async Task Take_WrongShare_ThrowsAllAwayAndTheyBeginAgain()
    {
        using var one = Lock();
        var wrong = await ShareAsync(_secret!, 0);
        wrong.Share.Value[3] ^= 1;
        Assert.Null(one.Take(wrong).Problem);
        var verdict = one.Take(await ShareAsync(_secret!, 1));
        Assert.Contains("one of the shares is wrong", verdict.Problem, StringComparison.Ordinal);
        Assert.Contains("ada, bob", verdict.Problem, StringComparison.Ordinal);
        Assert.Empty(one.Given);
        Assert.Empty(_opened);
        one.Take(await ShareAsync(_secret!, 1));
        Assert.True(one.Take(await ShareAsync(_secret!, 0)).IsOpen);
    }

    [Fact]
    public async Task Take_NumberThatIsNotTheOfficers_IsRefused()
    {
        using var one = Lock();
        var share = await ShareAsync(_secret!, 0);
        var renamed = share with { Officer = "bob" };
        Assert.Contains("bob has no share with the number", one.Take(renamed).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_OthersDoNotCome_TheShareIsThrownAway()
    {
        using var one = Lock();
        var share = await ShareAsync(_secret!, 0);
        one.Take(share);
        _time.Advance(QuorumLock.ShareLifetime - TimeSpan.FromMinutes(2));
        Assert.Equal(["ada"], one.Given);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Empty(one.Given);
        Assert.All(share.Share.Value, octet => Assert.Equal(0, octet));
    }

    [Fact]
    public async Task TryDecode_EncodedShare_ComesBackAndAnythingElseDoesNot()
    {
        var share = await ShareAsync(_secret!, 1);
        var octets = share.Encode();
        Assert.True(OpenedShare.TryDecode(octets, out var read));
        Assert.Equal((share.Sealing, share.Officer, share.Threshold, share.Share.Number), (read.Sealing, read.Officer, read.Threshold, read.Share.Number));
        Assert.Equal(share.Share.Value, read.Share.Value);
        Assert.False(OpenedShare.TryDecode(octets.AsSpan(1), out _));
        Assert.False(OpenedShare.TryDecode(octets.AsSpan(0, 20), out _));
        Assert.False(OpenedShare.TryDecode([], out _));
    }

    [Fact]
    public void AreOpen_NoLocks_IsOpen()
    {
        using var none = new QuorumLocks([]);
        Assert.True(none.AreOpen);
        Assert.True(none.WaitUntilOpenAsync(Cancel).IsCompletedSuccessfully);
    }

    private static byte[] Passphrase => "a long passphrase"u8.ToArray();

    private QuorumLock Lock() => new("main", _secret!, secret => _opened.Add(Encoding.ASCII.GetString(secret.Span)), () => _closed++, _time);

    private ValueTask<SealedSecret> SealAsync(string secret) =>
        SealedSecret.SealAsync(Encoding.ASCII.GetBytes(secret), "user PIN", OfficerRoster.Of(2, _officers.Select(o => o.Officer)), Software, Cancel);

    private async Task<OpenedShare> ShareAsync(SealedSecret secret, int officer)
    {
        var (share, problem) = await secret.OpenShareAsync(_officers[officer].Key, Cancel);
        Assert.Null(problem);
        return share!;
    }
}
