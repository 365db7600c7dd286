using System.Net.Sockets;
using System.Text;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;
using Xunit;

namespace AgentPki.Server.Tests.Home;

public sealed class HomeTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_NewHome_IsClosedToOthers()
    {
        var home = new ApplianceHome(_folder.File("home"));

        HomeFolder.Prepare(home);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(home.Root));
        Assert.All(Directory.GetDirectories(home.Root), d => Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(d)));
    }

    [Fact]
    public void Prepare_HomeOpenToOthers_IsClosed()
    {
        var home = new ApplianceHome(_folder.File("home"));
        Directory.CreateDirectory(home.Root);
        File.SetUnixFileMode(home.Root, OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.GroupRead);

        HomeFolder.Prepare(home);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(home.Root));
    }

    [Fact]
    public void Prepare_FileInTheWay_SaysWhatToDo()
    {
        File.WriteAllText(_folder.File("home"), "");

        var error = Assert.Throws<CommandException>(() => HomeFolder.Prepare(new ApplianceHome(_folder.File("home"))));

        Assert.Equal(ExitCodes.Environment, error.ExitCode);
        Assert.Contains("cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Contains(CommandContext.HomeVariable, error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void OwnerOf_OwnFileAndSystemFile_TellsThemApart()
    {
        File.WriteAllText(_folder.File("mine"), "");

        Assert.Equal(HomeFolder.OwnerOf(_folder.Path), HomeFolder.OwnerOf(_folder.File("mine")));
        Assert.Equal(0u, HomeFolder.OwnerOf("/etc/passwd"));
        Assert.Null(HomeFolder.OwnerOf(_folder.File("missing")));
    }

    [Fact]
    public void Take_Twice_SecondNamesTheHolder()
    {
        var home = new ApplianceHome(_folder.Path);
        using (HomeLock.Take(home))
        {
            var error = Assert.Throws<CommandException>(() => HomeLock.Take(home));
            Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
            Assert.True(HomeLock.IsTaken(home));
        }

        Assert.False(HomeLock.IsTaken(home));
        HomeLock.Take(home).Dispose();
    }

    [Fact]
    public void Write_PrivateFile_IsWholeAndOwnerOnly()
    {
        var path = _folder.File("secret");
        File.WriteAllText(path + ".new", "leftover of a crash");
        File.SetUnixFileMode(path + ".new", OwnerOnly | UnixFileMode.OtherRead);

        PrivateFile.Write(path, "content");

        Assert.Equal("content", File.ReadAllText(path));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        Assert.False(PrivateFile.IsOpenToOthers(path));
        Assert.False(File.Exists(path + ".new"));
    }

    [Fact]
    public void MakePins_Twice_KeepsTheFirst()
    {
        var home = new ApplianceHome(_folder.Path);
        HomeFolder.Prepare(home);
        Secrets.MakePins(home.OfficerPin, home.UserPin);
        var first = (File.ReadAllText(home.UserPin), File.ReadAllText(home.OfficerPin));

        Secrets.MakePins(home.OfficerPin, home.UserPin);

        Assert.Equal(first, (File.ReadAllText(home.UserPin), File.ReadAllText(home.OfficerPin)));
        Assert.NotEqual(first.Item1, first.Item2);
        Assert.Equal(24, first.Item1.Length);
    }

    [Fact]
    public void PinFile_SystemdCredential_GoesFirst()
    {
        var home = new ApplianceHome(_folder.Path);
        var credentials = Directory.CreateDirectory(_folder.File("credentials")).FullName;
        string? Variable(string name) => name == "CREDENTIALS_DIRECTORY" ? credentials : null;

        Assert.Equal(_folder.File("secrets", "pin"), Secrets.PinFile(home, "secrets/pin", Secrets.PinCredential, Variable));

        File.WriteAllText(Path.Combine(credentials, Secrets.PinCredential), "1");
        Assert.Equal(Path.Combine(credentials, Secrets.PinCredential), Secrets.PinFile(home, "secrets/pin", Secrets.PinCredential, Variable));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public async Task SocketPath_AnyDepth_CanBeListenedOnAndReached(int depth)
    {
        var deep = Directory.CreateDirectory(_folder.File([.. Enumerable.Repeat(new string('d', 30), depth)])).FullName;
        var path = Path.Combine(deep, "admin.sock");
        using var listenAt = SocketPath.For(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(listenAt.Address));
        listener.Listen();
        Assert.True(File.Exists(path));

        using var connectAt = SocketPath.For(path);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(connectAt.Address), TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Environment.ProcessId, AgentPki.Protocols.Http.PeerCredentials.Of(accepted).ProcessId);
        Assert.Equal(depth > 3, Encoding.UTF8.GetByteCount(path) > 107);
    }

    [Fact]
    public void Display_InsideAndOutside_IsShortestThatWorks()
    {
        Assert.Equal(Path.Combine("a", "b"), ApplianceHome.Display("/x/a/b", "/x"));
        Assert.Equal("/y/b", ApplianceHome.Display("/y/b", "/x"));
    }
}
