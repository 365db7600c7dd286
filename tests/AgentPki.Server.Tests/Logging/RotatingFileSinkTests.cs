using Microsoft.Extensions.Logging;
using System.Buffers;
using System.Text;
using System.Text.Json;
using AgentPki.Server.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Server.Tests.Logging;

public sealed class RotatingFileSinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_FullFile_KeepsTheNewestFilesOnly()
    {
        var path = _folder.File("a.log");
        using (var sink = new RotatingFileSink(path, maximumBytes: 10, files: 3, _clock))
        {
            foreach (var line in new[] { "11111111\n", "22222222\n", "33333333\n", "44444444\n" })
            {
                sink.Write(Encoding.ASCII.GetBytes(line), urgent: false);
            }
        }

        Assert.Equal("44444444\n", File.ReadAllText(path));
        Assert.Equal("33333333\n", File.ReadAllText(path + ".1"));
        Assert.Equal("22222222\n", File.ReadAllText(path + ".2"));
        Assert.False(File.Exists(path + ".3"));
    }

    [Fact]
    public void Write_Restart_Appends()
    {
        var path = _folder.File("a.log");
        for (var i = 0; i < 2; i++)
        {
            using var sink = new RotatingFileSink(path, 1000, 2, _clock);
            sink.Write("x\n"u8, urgent: false);
        }

        Assert.Equal("x\nx\n", File.ReadAllText(path));
    }

    [Fact]
    public void Write_NotUrgent_IsOnDiskAfterASecond()
    {
        var path = _folder.File("a.log");
        using var sink = new RotatingFileSink(path, 1000, 2, _clock);
        sink.Write("x\n"u8, urgent: false);
        Assert.Equal(0, new FileInfo(path).Length);

        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(2, new FileInfo(path).Length);
    }

    [Fact]
    public void JsonLine_Event_IsOneParsableLine()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var state = new[] { new KeyValuePair<string, object?>("Path", "/a\nb"), new KeyValuePair<string, object?>("{OriginalFormat}", "x") };

        JsonLineFormatter.Write(buffer, DateTimeOffset.UnixEpoch, LogLevel.Warning, "c", new EventId(7), state, new InvalidOperationException("why"), (_, _) => "it\nis");

        var text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        using var json = JsonDocument.Parse(text);
        Assert.Equal("it\nis", json.RootElement.GetProperty("message").GetString());
        Assert.Equal("/a\nb", json.RootElement.GetProperty("Path").GetString());
        Assert.Equal(7, json.RootElement.GetProperty("event").GetInt32());
        Assert.Contains("why", json.RootElement.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.False(json.RootElement.TryGetProperty("{OriginalFormat}", out _));
    }
}
