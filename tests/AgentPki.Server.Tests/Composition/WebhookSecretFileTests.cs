using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using Xunit;

namespace AgentPki.Server.Tests.Composition;

public sealed class WebhookSecretFileTests
{
    [Fact]
    public void Read_FileOfTheServiceAlone_IsItsText()
    {
        using var folder = new TemporaryFolder();
        PrivateFile.Write(folder.File("hook"), "whsec_x\n");

        Assert.Equal("whsec_x\n", WebhookSecretFile.Read(new ApplianceHome(folder.Path), "hook"));
    }

    [Fact]
    public void Read_FileThatCannotServe_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        var home = new ApplianceHome(folder.Path);
        Assert.Contains("openssl rand", Assert.Throws<IOException>(() => WebhookSecretFile.Read(home, "hook")).Message, StringComparison.Ordinal);

        PrivateFile.Write(folder.File("hook"), new string('x', 5000));
        Assert.Contains("longer than", Assert.Throws<IOException>(() => WebhookSecretFile.Read(home, "hook")).Message, StringComparison.Ordinal);

        PrivateFile.Write(folder.File("hook"), "whsec_x");
        File.SetUnixFileMode(folder.File("hook"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<IOException>(() => WebhookSecretFile.Read(home, "hook")).Message, StringComparison.Ordinal);
    }
}
