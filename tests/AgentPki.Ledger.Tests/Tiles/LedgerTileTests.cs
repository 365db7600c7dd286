using AgentPki.Ledger.Tiles;
using Xunit;

namespace AgentPki.Ledger.Tests.Tiles;

public sealed class LedgerTileTests
{
    [Theory]
    [InlineData("0/000", false, 0, 0, 256)]
    [InlineData("0/000.p/1", false, 0, 0, 1)]
    [InlineData("63/999.p/255", false, 63, 999, 255)]
    [InlineData("1/x001/000", false, 1, 1000, 256)]
    [InlineData("0/x001/x234/067", false, 0, 1234067, 256)]
    [InlineData("entries/x001/x234/067.p/8", true, 0, 1234067, 8)]
    [InlineData("0/x999/x999/x999/x999/999", false, 0, 999_999_999_999_999, 256)]
    public void TryParse_AsSpecified_IsReadAndWrittenBack(string path, bool entries, int level, long index, int width)
    {
        Assert.True(LedgerTile.TryParse(path, out var tile));
        Assert.Equal((entries, level, index, width, path), (tile.IsEntries, tile.Level, tile.Index, tile.Width, tile.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0/")]
    [InlineData("00/000")]
    [InlineData("64/000")]
    [InlineData("-1/000")]
    [InlineData("+1/000")]
    [InlineData("Entries/000")]
    [InlineData("data/000")]
    [InlineData("0/0")]
    [InlineData("0/00")]
    [InlineData("0/0000")]
    [InlineData("0/1000")]
    [InlineData("0/x000/001")]
    [InlineData("0/x001")]
    [InlineData("0/001/000")]
    [InlineData("0/xx001/000")]
    [InlineData("0/x001/x000")]
    [InlineData("0/x001//000")]
    [InlineData("0/000/")]
    [InlineData("0/ 00")]
    [InlineData("0/000.p")]
    [InlineData("0/000.p/")]
    [InlineData("0/000.p/0")]
    [InlineData("0/000.p/01")]
    [InlineData("0/000.p/256")]
    [InlineData("0/000.p/-1")]
    [InlineData("0/000.p/1/2")]
    [InlineData("0/000.p/1.p/1")]
    [InlineData("0/000.P/1")]
    [InlineData("0/٠٠٠")]
    [InlineData("0/x001/x000/x000/x000/x000/000")]
    [InlineData("99999999999/000")]
    public void TryParse_AnotherSpelling_IsRefused(string? path) => Assert.False(LedgerTile.TryParse(path, out _));

    // The specification's example of 70,000 leaves: 273 full tiles and one of 112 at level 0, one full and one of 17 at level 1, one of 1 at level 2.
    [Theory]
    [InlineData("0/272", 70_000, true)]
    [InlineData("0/273", 70_000, false)]
    [InlineData("0/273.p/112", 70_000, true)]
    [InlineData("0/273.p/113", 70_000, false)]
    [InlineData("0/274.p/1", 70_000, false)]
    [InlineData("entries/273.p/112", 70_000, true)]
    [InlineData("entries/273.p/113", 70_000, false)]
    [InlineData("1/000", 70_000, true)]
    [InlineData("1/001.p/17", 70_000, true)]
    [InlineData("1/001.p/18", 70_000, false)]
    [InlineData("2/000.p/1", 70_000, true)]
    [InlineData("2/000.p/2", 70_000, false)]
    [InlineData("3/000.p/1", 70_000, false)]
    [InlineData("0/000", 256, true)]
    [InlineData("0/000", 255, false)]
    [InlineData("1/000.p/1", 256, true)]
    [InlineData("1/000.p/1", 255, false)]
    [InlineData("0/000.p/1", 0, false)]
    [InlineData("7/000.p/127", long.MaxValue, true)]
    [InlineData("7/000.p/128", long.MaxValue, false)]
    [InlineData("8/000.p/1", long.MaxValue, false)]
    [InlineData("63/000.p/1", long.MaxValue, false)]
    [InlineData("0/x999/x999/x999/x999/999", long.MaxValue, true)]
    [InlineData("0/x999/x999/x999/x999/999", 256_000_000_000_000_000 - 1, false)]
    public void IsWithin_IsWhatTheTreeHasInFull(string path, long size, bool within)
    {
        Assert.True(LedgerTile.TryParse(path, out var tile));
        Assert.Equal(within, tile.IsWithin(size));
    }
}
