using AgentPki.Authority.Recovery;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Storage.Tests.Recovery;

/// <summary>An archive gives back what was put into it to enough officers, and to nobody else, and says what is wrong with what is not it.</summary>
public sealed class BackupTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancelled = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _other = new();
    private RecoveryBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await RecoveryBench.CreateAsync();

    [Fact]
    public async Task Backup_OpenedByTwoOfThree_IsTheAppliance_AndIsRecorded()
    {
        var receipt = await _bench.Backups.WriteFileAsync(_bench.Archive, "admin:test", Cancelled);
        await _bench.IssueAsync(100, 10);

        await using var source = File.OpenRead(_bench.Archive);
        var (header, files, restore) = await _bench.ReadAsync(source, _other.Database, "carol", "alice");
        restore.Dispose();

        Assert.Equal(42, header.Head.Size);
        Assert.Equal(40, header.Certificates);
        Assert.Equal(_bench.Files[1].Content.ToArray(), files["profiles/agent.yaml"]);
        Assert.Equal(receipt.Sha256.ToArray(), System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(_bench.Archive, Cancelled)));
        await using (var restored = await _other.OpenAsync())
        {
            Assert.Equal(header.Head, await restored.HeadAsync(Cancelled));
        }

        var record = await _bench.Store.LatestBackupAsync(Cancelled);
        Assert.Equal((header.Id, 42L, new FileInfo(_bench.Archive).Length), (record!.Id, record.Entries, record.Octets));
        var entry = await ((ILedgerStore)_bench.Store).FindAsync(42, Cancelled);
        Assert.Equal((LedgerEntryKind.BackupMade, header.Id, "2 of alice, bob, carol"), (entry!.Leaf.Kind, entry.Details!.Facts[RecoveryFacts.Archive], entry.Details.Facts[RecoveryFacts.Quorum]));
    }

    [Fact]
    public async Task Backup_TooFewOfficers_OneTwice_OrSharesOfAnother_IsRefused()
    {
        await _bench.Backups.WriteFileAsync(_bench.Archive, "admin:test", Cancelled);
        var second = _bench.Archive + "2";
        await _bench.Backups.WriteFileAsync(second, "admin:test", Cancelled);
        var (first, other) = (await HeaderAsync(_bench.Archive), await HeaderAsync(second));

        Assert.Contains("1 of 2 officers are not enough", (await Assert.ThrowsAsync<ArchiveException>(() => _bench.OpenAsync(first, "alice"))).Message, StringComparison.Ordinal);
        Assert.Contains("alice has given a share twice", (await Assert.ThrowsAsync<ArchiveException>(() => _bench.OpenAsync(first, "alice", "alice"))).Message, StringComparison.Ordinal);
        await using var alice = _bench.Officers.Open("alice");
        var (share, _) = await other.SealedKey.OpenShareAsync(alice, Cancelled);
        var (secret, problem) = first.SealedKey.Open([share!, share! with { Officer = "bob" }]);
        Assert.Null(secret);
        Assert.Contains("belongs to another sealing", problem, StringComparison.Ordinal);
        using var key = await _bench.OpenAsync(other, "alice", "bob");
        Assert.Throws<ArchiveException>(() => ArchiveKey.Of(new byte[32], first));
        await using var source = File.OpenRead(_bench.Archive);
        var file = await ArchiveFile.ReadAsync(source, TestOfficers.Software, Cancelled);
        await Assert.ThrowsAsync<ArchiveException>(() => ArchiveReader.ReadAsync(source, file, key, (_, _, _) => Task.CompletedTask, Cancelled));
    }

    [Fact]
    public async Task Backup_AnyByteChanged_IsRefused()
    {
        var whole = await WholeAsync();

        // A sample over all of it; of each part the first and the last octets: magic, header, signature, chunks, tags.
        var frames = Frames(whole);
        var places = Enumerable.Range(0, 24).Concat(Enumerable.Range(0, 24).Select(i => (int)((long)i * (whole.Length - 1) / 23))).Concat(frames.SelectMany(f => new[] { f.Start, f.Start + 3, f.Start + 4, f.End - 17, f.End - 1 })).Append(frames[0].Start - 2);
        foreach (var place in places.Distinct())
        {
            var changed = whole.ToArray();
            changed[place] ^= 1;
            var failure = await Record.ExceptionAsync(() => ReadAsync(changed));
            Assert.True(failure is ArchiveException, $"octet {place} of {whole.Length}: {failure}");
        }
    }

    [Fact]
    public async Task Backup_CutOffAppendedReorderedOrSpliced_IsRefused()
    {
        var whole = await WholeAsync();
        var frames = Frames(whole);
        Assert.True(frames.Count > 3, $"{frames.Count} chunks are too few for this test");
        async Task<string> Why(byte[] archive) => (await Assert.ThrowsAsync<ArchiveException>(() => ReadAsync(archive))).Message;

        Assert.Contains("cut off", await Why(whole[..^1]), StringComparison.Ordinal);
        Assert.Contains("cut off", await Why(whole[..frames[^1].Start]), StringComparison.Ordinal);
        Assert.Contains("cut off", await Why(whole[..frames[0].Start]), StringComparison.Ordinal);
        Assert.Contains("cut off", await Why(whole[..20]), StringComparison.Ordinal);
        Assert.Contains("after its end", await Why([.. whole, 0]), StringComparison.Ordinal);
        byte[] Frame(int i) => whole[frames[i].Start..frames[i].End];
        Assert.Contains("Chunk 2 is not", await Why([.. whole[..frames[1].Start], .. Frame(2), .. Frame(1), .. whole[frames[2].End..]]), StringComparison.Ordinal);
        Assert.Contains("Chunk 2 is not", await Why([.. whole[..frames[1].Start], .. whole[frames[1].End..]]), StringComparison.Ordinal);
        Assert.Contains("Chunk 3 is not", await Why([.. whole[..frames[2].Start], .. Frame(1), .. whole[frames[2].Start..]]), StringComparison.Ordinal);

        // The content of another archive of the same appliance behind this one's header.
        var other = await WholeAsync("other.apb");
        Assert.Contains("Chunk 1 is not", await Why([.. whole[..frames[0].Start], .. other[Frames(other)[0].Start..]]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_OfWhoHasOnlyTheOfficersPublicKeys_IsNoBackupOfOurs()
    {
        // Another appliance, the same officers: everybody may seal to them.
        await using var forger = await RecoveryBench.CreateAsync();
        forger.Officers = _bench.Officers;
        await forger.Backups.WriteFileAsync(forger.Archive, "admin:test", Cancelled);
        Assert.Contains("not signed by that ledger key", (await Assert.ThrowsAsync<ArchiveException>(async () => await ReadAsync(await File.ReadAllBytesAsync(forger.Archive, Cancelled)))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../agentpki.yaml")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("")]
    public async Task Backup_OfAFileWithANameThatLeadsOut_IsNotMade(string name)
    {
        _bench.Files = [(name, new byte[1])];
        await Assert.ThrowsAsync<ArgumentException>(() => _bench.Backups.WriteFileAsync(_bench.Archive, "admin:test", Cancelled));
        Assert.Empty(Directory.GetFiles(_bench.Folder.Path, "*.apb*"));
    }

    [Fact]
    public async Task Backup_OnAFullDisk_LeavesNothing_AndSaysSo()
    {
        using var disk = new SmallDisk();
        _bench.Files = [("large", new byte[8 << 20])];
        var folder = Path.GetDirectoryName(disk.Database)!;
        if (!disk.IsMounted)
        {
            disk.MakeReadOnly();
        }

        var failure = await Assert.ThrowsAsync<BackupException>(() => _bench.Backups.WriteFileAsync(Path.Combine(folder, "x.apb"), "admin:test", Cancelled));
        Assert.Contains("Nothing of it was left", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "x.apb*"));
        Assert.Null(await _bench.Store.LatestBackupAsync(Cancelled));
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        _other.Dispose();
    }

    private async Task<byte[]> WholeAsync(string name = "whole.apb")
    {
        var path = Path.Combine(_bench.Folder.Path, name);
        await _bench.Backups.WriteFileAsync(path, "admin:test", Cancelled);
        return await File.ReadAllBytesAsync(path, Cancelled);
    }

    private async Task ReadAsync(byte[] archive)
    {
        File.Delete(_other.Database);
        using var source = new MemoryStream(archive);
        var (_, _, restore) = await _bench.ReadAsync(source, _other.Database, "alice", "bob");
        restore.Dispose();
    }

    private static async Task<ArchiveHeader> HeaderAsync(string path)
    {
        await using var source = File.OpenRead(path);
        return (await ArchiveFile.ReadAsync(source, TestOfficers.Software, Cancelled)).Header;
    }

    private static List<(int Start, int End)> Frames(byte[] archive)
    {
        var at = "agentpki-archive/1\n".Length;
        int Length(int place) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(archive.AsSpan(place)) & int.MaxValue;
        at += 4 + Length(at);
        at += 4 + Length(at);
        var frames = new List<(int, int)>();
        while (at < archive.Length)
        {
            var end = at + 4 + Length(at) + 16;
            frames.Add((at, end));
            at = end;
        }

        return frames;
    }
}
