using Xunit;

namespace AgentPki.Pkcs11.Tests;

public sealed class PinFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agentpki-pin-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "pin");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void CreateRandom_New_Has128BitsAndMode0600_ExistingStays()
    {
        Assert.True(PinFile.CreateRandom(Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        var pin = PinFile.Read(Path);
        Assert.Equal(32, pin.Length);
        Assert.False(PinFile.CreateRandom(Path));
        Assert.Equal(pin, PinFile.Read(Path));
    }

    [Theory]
    [InlineData("1234\n")]
    [InlineData("1234\r\n")]
    [InlineData("1234")]
    public void Read_LineEnd_IsNotPartOfThePin(string content)
    {
        Write(content, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal("1234"u8.ToArray(), PinFile.Read(Path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void Read_OthersMayReadOrWrite_IsRefusedWithTheRemedy(UnixFileMode extra)
    {
        Write("1234", UnixFileMode.UserRead | UnixFileMode.UserWrite | extra);
        var error = Assert.Throws<InvalidOperationException>(() => PinFile.Read(Path));
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("1234", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MissingOrEmpty_SaysSo()
    {
        Assert.Contains("missing", Assert.Throws<InvalidOperationException>(() => PinFile.Read(Path)).Message, StringComparison.Ordinal);
        Write("\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("empty", Assert.Throws<InvalidOperationException>(() => PinFile.Read(Path)).Message, StringComparison.Ordinal);
    }

    private void Write(string content, UnixFileMode mode)
    {
        File.WriteAllText(Path, content);
        File.SetUnixFileMode(Path, mode);
    }
}
