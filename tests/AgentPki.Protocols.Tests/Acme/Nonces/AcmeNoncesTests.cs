using System.Buffers.Text;
using System.Collections.Concurrent;
using AgentPki.Protocols.Acme.Nonces;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Acme.Nonces;

public sealed class AcmeNoncesTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryRedeem_Fresh_IsAcceptedOnce()
    {
        var nonces = Make();
        var nonce = nonces.Create();
        Assert.Equal(AcmeNonces.Length, nonce.Length);
        Assert.Matches("^[A-Za-z0-9_-]{40}$", nonce);
        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(nonce));
        Assert.Equal(NonceVerdict.Replayed, nonces.TryRedeem(nonce));
        Assert.Equal(NonceVerdict.Replayed, nonces.TryRedeem(nonce));
    }

    [Fact]
    public void TryRedeem_AnyOrder_AcceptsEachOnce()
    {
        var nonces = Make(window: 1024);
        var made = Enumerable.Range(0, 1024).Select(_ => nonces.Create()).ToArray();
        Assert.Equal(made.Length, made.Distinct().Count());
        new Random(7).Shuffle(made);
        Assert.All(made, n => Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(n)));
        Assert.All(made, n => Assert.Equal(NonceVerdict.Replayed, nonces.TryRedeem(n)));
    }

    [Fact]
    public void TryRedeem_BehindTheWindow_IsExpiredRedeemedOrNot()
    {
        var nonces = Make(window: 64);
        var (used, unused) = (nonces.Create(), nonces.Create());
        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(used));
        var newer = Enumerable.Range(0, 63).Select(_ => nonces.Create()).ToArray();
        Assert.Equal(NonceVerdict.Expired, nonces.TryRedeem(used));
        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(unused));
        nonces.Create();
        Assert.Equal(NonceVerdict.Expired, nonces.TryRedeem(unused));
        Assert.All(newer, n => Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(n)));
    }

    [Fact]
    public void TryRedeem_ManyWindows_EachAcceptsItsOwnOnce()
    {
        var nonces = Make(window: 128);
        var all = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            var made = Enumerable.Range(0, 1 + (round * 37 % 128)).Select(_ => nonces.Create()).ToArray();
            Assert.All(made, n => Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(n)));
            all.AddRange(made);
            Assert.All(all, n => Assert.True(nonces.TryRedeem(n) is NonceVerdict.Replayed or NonceVerdict.Expired));
        }
    }

    [Fact]
    public void TryRedeem_AfterTheMaximumAge_IsExpired()
    {
        var nonces = Make();
        _time.Advance(TimeSpan.FromMinutes(10));
        var (early, late) = (nonces.Create(), nonces.Create());
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(early));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(NonceVerdict.Expired, nonces.TryRedeem(late));
        Assert.Equal(NonceVerdict.Expired, nonces.TryRedeem(late));
        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(nonces.Create()));
    }

    [Fact]
    public void TryRedeem_AfterARestart_IsUnknown()
    {
        var before = Make();
        var made = Enumerable.Range(0, 500).Select(_ => before.Create()).ToArray();
        var after = Make();
        _ = Enumerable.Range(0, 500).Select(_ => after.Create()).ToArray();
        Assert.All(made, n => Assert.Equal(NonceVerdict.Unknown, after.TryRedeem(n)));
        Assert.All(made, n => Assert.Equal(NonceVerdict.Accepted, before.TryRedeem(n)));
    }

    [Fact]
    public void TryRedeem_EpochOfThisBootInAnEarlierNonce_IsUnknown()
    {
        // Were the epoch guessed or repeated, the MAC's key is still another one.
        var (before, after) = (Make(), Make());
        var (old, now) = (Base64Url.DecodeFromChars(before.Create()), Base64Url.DecodeFromChars(after.Create()));
        now.AsSpan(0, 6).CopyTo(old);
        Assert.Equal(NonceVerdict.Unknown, after.TryRedeem(Base64Url.EncodeToString(old)));
    }

    [Fact]
    public void Home_NamesTheNode()
    {
        var (here, there) = (Make(node: 1), Make(node: 65535));
        Assert.Equal((ushort)1, AcmeNonces.Home(here.Create()));
        Assert.Equal((ushort)65535, AcmeNonces.Home(there.Create()));
        Assert.Equal(NonceVerdict.Unknown, here.TryRedeem(there.Create()));
        Assert.Null(AcmeNonces.Home(""));
        Assert.Null(AcmeNonces.Home(new string('A', 39)));
        Assert.Null(AcmeNonces.Home(new string('=', 40)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("0000000000000000000000000000000000000000")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAé")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\ud83d\ude00")]
    public void TryRedeem_NoNonce_IsUnknown(string text)
    {
        Assert.Equal(NonceVerdict.Unknown, Make().TryRedeem(text));
        Assert.Equal(NonceVerdict.Unknown, Make().TryRedeem(new string('A', 1_000_000)));
    }

    [Fact]
    public void TryRedeem_EveryBitChanged_IsUnknown()
    {
        var nonces = Make();
        var octets = Base64Url.DecodeFromChars(nonces.Create());
        for (var bit = 0; bit < octets.Length * 8; bit++)
        {
            octets[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(NonceVerdict.Unknown, nonces.TryRedeem(Base64Url.EncodeToString(octets)));
            octets[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(Base64Url.EncodeToString(octets)));
    }

    [Fact]
    public void TryRedeem_Forgeries_RedeemNone() => Forge(30_000);

    [Fact]
    [Trait("tier", "full")]
    public void TryRedeem_AMillionForgeries_RedeemNone() => Forge(1_000_000);

    [Fact]
    public async Task TryRedeem_ManyCallersAtOnce_AcceptsEachExactlyOnce()
    {
        // Everybody redeems the same ones in the same order, block by block from a common start: the bits of one word are set at the same moment.
        const int Block = 64;
        var nonces = Make(window: 1 << 15);
        var made = Enumerable.Range(0, 200 * Block).Select(_ => nonces.Create()).ToArray();
        var accepted = new int[made.Length];
        var created = new ConcurrentDictionary<string, bool>();
        await Together.RunAsync(barrier =>
        {
            for (var block = 0; block < made.Length; block += Block)
            {
                barrier.SignalAndWait();
                for (var i = block; i < block + Block; i++)
                {
                    if (nonces.TryRedeem(made[i]) == NonceVerdict.Accepted)
                    {
                        Interlocked.Increment(ref accepted[i]);
                    }
                }

                Assert.True(created.TryAdd(nonces.Create(), true), "a nonce was made twice");
            }
        });
        Assert.All(accepted, n => Assert.Equal(1, n));
    }

    [Fact]
    public async Task TryRedeem_WhileTheWindowMovesPast_AcceptsNoneTwice()
    {
        // The smallest window, so that numbers share bits all the time: what was redeemed is tried again while its bit passes to a newer one.
        var nonces = Make(window: AcmeNonceOptions.SmallestWindow);
        var accepted = new ConcurrentDictionary<string, bool>();
        var refused = 0;
        await Together.RunAsync(_ =>
        {
            var recent = new Queue<string>();
            for (var i = 0; i < 8_000; i++)
            {
                recent.Enqueue(nonces.Create());
                foreach (var nonce in recent.Count > 40 ? [recent.Dequeue(), recent.Peek()] : new[] { recent.Peek() })
                {
                    if (nonces.TryRedeem(nonce) != NonceVerdict.Accepted)
                    {
                        Interlocked.Increment(ref refused);
                    }
                    else
                    {
                        Assert.True(accepted.TryAdd(nonce, true), "a nonce was accepted twice");
                    }
                }
            }
        });
        Assert.NotEmpty(accepted);
        Assert.NotEqual(0, refused);
    }

    [Theory]
    [InlineData(0, 3600)]
    [InlineData(32, 3600)]
    [InlineData(100, 3600)]
    [InlineData(1 << 30, 3600)]
    [InlineData(64, 0)]
    [InlineData(64, 700_000)]
    public void Constructor_OptionsThatCannotBeUsed_Throws(int window, int seconds)
    {
        var error = Assert.Throws<ArgumentException>(() => new AcmeNonces(new AcmeNonceOptions { Window = window, MaximumAge = TimeSpan.FromSeconds(seconds) }, _time));
        Assert.Contains("must be", error.Message, StringComparison.Ordinal);
    }

    private void Forge(int count)
    {
        var nonces = Make();
        var made = Enumerable.Range(0, 64).Select(_ => Base64Url.DecodeFromChars(nonces.Create())).ToArray();
        var random = new Random(11);
        var octets = new byte[30];
        Span<char> text = stackalloc char[40];
        for (var i = 0; i < count; i++)
        {
            made[i % made.Length].CopyTo(octets.AsSpan());
            switch (i % 4)
            {
                case 0:
                    random.NextBytes(octets); // anything
                    break;
                case 1:
                    random.NextBytes(octets.AsSpan(6)); // of this boot
                    break;
                case 2:
                    octets[6 + random.Next(24)] ^= (byte)random.Next(1, 256); // one octet of number, time or MAC
                    break;
                default:
                    made[random.Next(made.Length)].AsSpan(0, 16).CopyTo(octets); // one's content under another's MAC
                    if (made[i % made.Length].AsSpan(0, 16).SequenceEqual(octets.AsSpan(0, 16)))
                    {
                        continue;
                    }

                    break;
            }

            Base64Url.EncodeToChars(octets, text);
            if (nonces.TryRedeem(text) != NonceVerdict.Unknown)
            {
                Assert.Fail($"forgery {i} was {nonces.TryRedeem(text)}: {text}");
            }
        }

        Assert.All(made, n => Assert.Equal(NonceVerdict.Accepted, nonces.TryRedeem(Base64Url.EncodeToString(n))));
    }

    private AcmeNonces Make(int window = 1 << 12, ushort node = 0) => new(new AcmeNonceOptions { Window = window, Node = node }, _time);
}
