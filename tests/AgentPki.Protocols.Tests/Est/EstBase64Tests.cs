using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Protocols.Est;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstBase64Tests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(48)]
    [InlineData(2250)] // 3,000 characters: the last size of one line
    public void Write_SmallBody_IsOneLineWithAFinalLineFeed(int octets)
    {
        var text = Write(RandomNumberGenerator.GetBytes(octets));
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2251)]
    [InlineData(4096)]
    [InlineData(4800)] // whole lines only
    [InlineData(60_000)]
    public void Write_LargeBody_HasLinesOf64(int octets)
    {
        var lines = Write(RandomNumberGenerator.GetBytes(octets)).Split('\n');
        Assert.Equal("", lines[^1]);
        Assert.All(lines[..^2], line => Assert.Equal(64, line.Length));
        Assert.InRange(lines[^2].Length, 1, 64);
    }

    [Fact]
    public void Write_AnySize_HasTheLengthItSaysAndReadsBack()
    {
        for (var octets = 1; octets < 5000; octets += 7)
        {
            var data = RandomNumberGenerator.GetBytes(octets);
            var text = Write(data);
            Assert.Equal(EstBase64.LengthOf(octets), text.Length);
            Assert.Equal(data, Read(text));
        }
    }

    [Theory]
    [InlineData("MIIB\n", "MIIB")]
    [InlineData("MIIB", "MIIB")]
    [InlineData("\r\nMIIB\r\n", "MIIB")]
    [InlineData("MI\r\nIB\r\n", "MIIB")]
    [InlineData("M I\tI\nB", "MIIB")]
    [InlineData("MIIBAA==", "MIIBAA==")]
    [InlineData("MIIBAA=\n=\n", "MIIBAA==")]
    [InlineData("MIIBAAA=\r\n\r\n", "MIIBAAA=")]
    public void TryRead_LineBreaksAndSpaces_AreReadOver(string text, string plain) => Assert.Equal(Convert.FromBase64String(plain), Read(text));

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" \r\n\t", "empty")]
    [InlineData("A", "padding")]
    [InlineData("MIIBA", "padding")]
    [InlineData("MIIBAA", "padding")]
    [InlineData("MIIB===", "padding")]
    [InlineData("MIIBAA==MIIB", "behind the padding")]
    [InlineData("MIIB-_AA", "base64url")]
    [InlineData("MIIB!AAA", "0x21 at 4")]
    [InlineData("MII\0", "0x00 at 3")]
    [InlineData("{\"csr\":1}", "0x7B at 0")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END", "PEM")]
    [InlineData("0\u0082\u0001\u0000", "raw DER")]
    public void TryRead_Noise_SaysWhatItIs(string text, string says)
    {
        Assert.False(EstBase64.TryRead(Encoding.Latin1.GetBytes(text), out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Contains("RFC 8951", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_InPieces_IsTheSameAsInOne()
    {
        var data = RandomNumberGenerator.GetBytes(1000);
        var text = Encoding.ASCII.GetBytes(Write(data));
        for (var cut = 1; cut < text.Length; cut += 97)
        {
            var first = new Segment(text.AsMemory(0, cut), null);
            var second = new Segment(text.AsMemory(cut), first);
            Assert.True(EstBase64.TryRead(new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length), out var octets, out _));
            Assert.Equal(data, octets.ToArray());
        }
    }

    [Fact]
    public void TryRead_RandomOctets_NeverThrowsAndReadsOnlyBase64()
    {
        var random = new Random(71);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new byte[random.Next(0, 80)];
            random.NextBytes(text);
            if (i % 2 == 0)
            {
                // Nearly right: base64 with one octet changed.
                text = Encoding.ASCII.GetBytes(Convert.ToBase64String(text));
                if (text.Length > 0)
                {
                    text[random.Next(text.Length)] = (byte)random.Next(256);
                }
            }

            if (EstBase64.TryRead(text, out var octets, out var error))
            {
                Assert.Null(error);
                Assert.Equal(Convert.FromBase64String(Encoding.Latin1.GetString(text)).Length, octets.Length);
            }
            else
            {
                Assert.NotEmpty(error);
            }
        }
    }

    private static string Write(byte[] octets)
    {
        var output = new ArrayBufferWriter<byte>();
        EstBase64.Write(octets, output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    private static byte[] Read(string text)
    {
        Assert.True(EstBase64.TryRead(Encoding.Latin1.GetBytes(text), out var octets, out var error), error);
        return octets.ToArray();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
