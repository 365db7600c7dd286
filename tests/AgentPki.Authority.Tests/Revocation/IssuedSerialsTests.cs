using System.Security.Cryptography;
using AgentPki.Authority.Revocation;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class IssuedSerialsTests
{
    private static async Task<IssuedSerials> LoadedAsync(long count)
    {
        var issued = new IssuedSerials(count);
        await issued.LoadAsync(new InMemoryStore(new FakeTimeProvider()), default);
        return issued;
    }

    [Fact]
    public void MayContain_NotLoaded_KnowsEverything()
    {
        var issued = new IssuedSerials(0);
        Assert.False(issued.IsLoaded);
        Assert.True(issued.MayContain([1]));
    }

    [Fact]
    public Task MayContain_Added_Always_NeverIssued_HardlyEver() => TryAsync(20_000, 0, 5);

    [Fact]
    [Trait("tier", "full")]
    public Task MayContain_Full_NeverIssued_OneIn300() => TryAsync(1_000_000, 100, 500);

    private static async Task TryAsync(int count, int least, int most)
    {
        var issued = await LoadedAsync(0);
        var known = Enumerable.Range(0, count).Select(_ => RandomNumberGenerator.GetBytes(16)).ToList();
        known.ForEach(serial => issued.Add(serial));
        Assert.All(known.Take(20_000), serial => Assert.True(issued.MayContain(serial)));
        // 1 in 320 when full; a machine is this unlucky once in far more runs than there will be.
        Assert.InRange(Enumerable.Range(0, 100_000).Count(_ => issued.MayContain(RandomNumberGenerator.GetBytes(16))), least, most);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Add_MoreThanThereIsRoomFor_GrowsAndForgetsNothing()
    {
        var issued = await LoadedAsync(0);
        var room = issued.Size;
        Span<byte> serial = stackalloc byte[16];
        for (var i = 0; i < 1_100_000; i++)
        {
            BitConverter.TryWriteBytes(serial, i);
            issued.Add(serial);
        }

        Assert.Equal(2 * room, issued.Size);
        for (var i = 0; i < 1_100_000; i += 1000)
        {
            BitConverter.TryWriteBytes(serial, i);
            Assert.True(issued.MayContain(serial));
        }
    }

    [Fact]
    public void Size_OfTenMillion_IsThreeOctetsEachAtMost() => Assert.InRange(new IssuedSerials(10_000_000).Size, 20_000_000, 30_000_000);
}
