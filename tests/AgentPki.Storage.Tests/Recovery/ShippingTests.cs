using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Recovery.Shipping;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Storage.Tests.Recovery;

/// <summary>What is committed lies on the target a moment later, restores to the same store, and never holds up a commit.</summary>
public sealed class ShippingTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancelled = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _other = new();
    private RecoveryBench _bench = null!;
    private int _superseded;

    private string Target => Path.Combine(_bench.Folder.Path, "target");

    public async ValueTask InitializeAsync()
    {
        _bench = await RecoveryBench.CreateAsync();
    }

    [Fact]
    public async Task Ship_ThenTheMachineIsGone_RestoresEveryCommitThatWasShipped()
    {
        await using var shipping = Start(new ShippingOptions(Target));
        await ShippedAsync(shipping);
        for (var i = 0; i < 5; i++)
        {
            await _bench.IssueAsync(100 + (i * 10), 10);
        }

        await ShippedAsync(shipping);
        var head = await _bench.Store.HeadAsync(Cancelled);

        // As the disk has it, without any goodbye.
        var (restored, commits) = await RestoreAsync(Copy());
        Assert.Equal(head, restored);
        Assert.InRange(commits, 5, 51);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ship_CutOffAnywhere_RestoresWhatIsWhole()
    {
        await using (var shipping = Start(new ShippingOptions(Target)))
        {
            await ShippedAsync(shipping);
            for (var i = 0; i < 4; i++)
            {
                await _bench.IssueAsync(100 + (i * 10), 10);
                await ShippedAsync(shipping);
            }
        }

        var copy = Copy();
        var segment = ShippingFolder.SegmentsOf(ShippingFolder.FindNewest(copy)!)[0];
        var whole = await File.ReadAllBytesAsync(segment, Cancelled);
        var sizes = new List<long>();
        foreach (var length in new[] { whole.Length - 1, whole.Length - 6000, 1000, 0 })
        {
            await File.WriteAllBytesAsync(segment, whole[..length], Cancelled);
            sizes.Add((await RestoreAsync(copy)).Head.Size);
        }

        Assert.Equal(sizes.OrderDescending(), sizes);
        Assert.Equal(42, sizes[^1]);

        // Cut off is no fault; changed is.
        var changed = whole.ToArray();
        changed[^10] ^= 1;
        await File.WriteAllBytesAsync(segment, changed, Cancelled);
        await Assert.ThrowsAsync<ArchiveException>(() => RestoreAsync(copy));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ship_ASegmentLeftOutOrOfAnotherBase_IsRefused()
    {
        await using (var shipping = Start(new ShippingOptions(Target) { SegmentSize = 1 }))
        {
            await ShippedAsync(shipping);
            await _bench.IssueAsync(100, 5);
            await ShippedAsync(shipping);
            await _bench.IssueAsync(110, 5);
            await ShippedAsync(shipping);
        }

        var generation = ShippingFolder.FindNewest(Copy())!;
        Assert.True(ShippingFolder.SegmentsOf(generation).Count >= 2);
        File.Delete(ShippingFolder.SegmentsOf(generation)[0]);
        Assert.Contains("one is missing", (await Assert.ThrowsAsync<ArchiveException>(() => RestoreAsync(generation))).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ship_TargetThatTakesNothing_HoldsNothingUp_IsSaid_AndGoesOnWithoutAGap()
    {
        // A file is where the folder should be.
        await File.WriteAllTextAsync(Target, "", Cancelled);
        await using var shipping = Start(new ShippingOptions(Target));
        await _bench.IssueAsync(100, 20);
        await WaitAsync(shipping, status => status.Problem?.Contains(Target, StringComparison.Ordinal) == true);

        File.Delete(Target);
        await ShippedAsync(shipping);
        await _bench.IssueAsync(200, 20);
        await ShippedAsync(shipping);
        Assert.Equal(await _bench.Store.HeadAsync(Cancelled), (await RestoreAsync(Copy())).Head);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ship_MoreThanTheQueueHolds_BeginsAnew_AndEndsWithEverything()
    {
        await using var shipping = Start(new ShippingOptions(Target) { Capacity = 4000, Interval = TimeSpan.FromMilliseconds(20) });
        await ShippedAsync(shipping);
        var first = shipping.Status.Generation;
        await _bench.IssueAsync(100, 100);
        await WaitAsync(shipping, status => status is { Problem: null } && status.Generation != first);
        await ShippedAsync(shipping);
        var head = await _bench.Store.HeadAsync(Cancelled);
        Assert.Equal(head, (await RestoreAsync(Copy())).Head);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ship_ALaterEpochIsThere_EndsAndSaysThatThisLogWasRestoredElsewhere()
    {
        var extent = await ((ILedgerStore)_bench.Store).ExtentAsync(Cancelled);
        Directory.CreateDirectory(Path.Combine(Target, extent.LogId.ToString(), "00002-20261126T120000Z-00000000"));
        await using var shipping = Start(new ShippingOptions(Target));
        await WaitAsync(shipping, status => status.IsSuperseded);
        Assert.Contains("has its epoch 2, and this is epoch 1", shipping.Status.Problem, StringComparison.Ordinal);
        Assert.Null(ShippingFolder.FindNewest(Target));
        await WaitAsync(shipping, _ => Volatile.Read(ref _superseded) > 0);
        await Task.Delay(200, Cancelled);
        Assert.Equal(1, _superseded);
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        _other.Dispose();
    }

    private ShippingService Start(ShippingOptions options) => new(
        _bench.Store, _bench.Store, _bench.Backups, options with { Interval = TimeSpan.FromMilliseconds(20) }, _ =>
        {
            Interlocked.Increment(ref _superseded);
            return Task.CompletedTask;
        }, TimeProvider.System, NullLogger<ShippingService>.Instance);

    private static async Task WaitAsync(ShippingService shipping, Func<ShippingStatus, bool> condition)
    {
        for (var tries = 0; !condition(shipping.Status); tries++)
        {
            Assert.True(tries < 3000, $"It does not come: {shipping.Status}");
            await Task.Delay(10, Cancelled);
        }
    }

    // All of it: what a base's own record added, too.
    private async Task ShippedAsync(ShippingService shipping) =>
        await WaitAsync(shipping, status => status is { Problem: null, WaitingSince: null } && status.Shipped == ((ILedgerStore)_bench.Store).ExtentAsync(Cancelled).AsTask().GetAwaiter().GetResult().Size);

    private string Copy()
    {
        var copy = Path.Combine(_other.Path, "copy");
        foreach (var file in Directory.EnumerateFiles(Target, "*", SearchOption.AllDirectories))
        {
            var path = Path.Combine(copy, Path.GetRelativePath(Target, file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(file, path);
        }

        return copy;
    }

    private async Task<(LedgerHead Head, long Commits)> RestoreAsync(string folder)
    {
        File.Delete(_other.Database);
        var generation = ShippingFolder.FindNewest(folder)!;
        await using var source = File.OpenRead(Path.Combine(generation, ShippingFolder.BaseName));
        var (header, _, restore) = await _bench.ReadAsync(source, _other.Database, "alice", "bob");
        long commits;
        using (restore)
        {
            var tail = await ShippedTail.FindAsync(generation, header, _bench.LedgerKey, TestOfficers.Software, Cancelled);
            commits = await tail.ReadAsync(async (segment, _) => await _bench.OpenAsync(segment, "bob", "carol"), restore.Apply, Cancelled);
        }

        await using var restored = await _other.OpenAsync();
        return (await restored.HeadAsync(Cancelled), commits);
    }
}
