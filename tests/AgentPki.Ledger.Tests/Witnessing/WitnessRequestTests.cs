using System.Text;
using AgentPki.Ledger.Witnessing;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Ledger.Tests.Witnessing;

/// <summary>A submission as text: read strictly, whatever comes.</summary>
public sealed class WitnessRequestTests
{
    [Fact]
    public async Task Request_Written_ReadsBack()
    {
        var log = await ToyLog.NewAsync(300);
        foreach (var (old, size) in ((int, int)[])[(0, 7), (7, 7), (7, 300), (256, 300)])
        {
            var text = (await log.RequestAsync(old, size)).ToString();
            Assert.StartsWith($"old {old}\n", text, StringComparison.Ordinal);
            Assert.True(WitnessRequest.TryParse(Encoding.UTF8.GetBytes(text), out var read, out var error), error);
            Assert.Equal(text, read.ToString());
        }
    }

    [Theory]
    [InlineData("old 7\n", "")]
    [InlineData("old 7\n", "old 07\n")]
    [InlineData("old 7\n", "old -7\n")]
    [InlineData("old 7\n", "old  7\n")]
    [InlineData("old 7\n", "Old 7\n")]
    [InlineData("old 7\n", "old 7\r\n")]
    [InlineData("old 7\n", "old 99999999999999999999\n")]
    [InlineData("old 7\n", "old 7\nAAAA\n")]
    [InlineData("old 7\n", "old 7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n")]
    [InlineData("\n\n", "\n")]
    public async Task Request_Damaged_IsRefusedWithAReason(string part, string instead)
    {
        var log = await ToyLog.NewAsync(9);
        var text = (await log.RequestAsync(7, 9)).ToString();
        var at = text.IndexOf(part, StringComparison.Ordinal);
        Assert.False(WitnessRequest.TryParse(Encoding.UTF8.GetBytes(text[..at] + instead + text[(at + part.Length)..]), out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task Request_WithALongProofOrBody_IsRefused()
    {
        var log = await ToyLog.NewAsync(9);
        var request = await log.RequestAsync(7, 9);
        var hash = request.Proof[0];
        Assert.True(WitnessRequest.TryParse(Encoding.UTF8.GetBytes((request with { Proof = [.. Enumerable.Repeat(hash, 63)] }).ToString()), out _, out _));
        Assert.False(WitnessRequest.TryParse(Encoding.UTF8.GetBytes((request with { Proof = [.. Enumerable.Repeat(hash, 64)] }).ToString()), out _, out _));
        Assert.False(WitnessRequest.TryParse(new byte[WitnessRequest.MaxLength + 1], out _, out _));
    }

    [Fact]
    public async Task Request_Mutated_IsTakenOrRefusedNotThrown()
    {
        var log = await ToyLog.NewAsync(300);
        var sample = Encoding.UTF8.GetBytes((await log.RequestAsync(7, 300)).ToString());
        var fuzz = new SeededFuzz(() => sample, octets => WitnessRequest.TryParse(octets, out _, out _), FuzzWords.Text);
        fuzz.TakesSample();
        fuzz.Mutated(7, 2000);
        fuzz.Truncated();
    }
}
