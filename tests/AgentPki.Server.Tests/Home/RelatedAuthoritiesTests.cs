using AgentPki.Server.Cli;
using AgentPki.Server.Home;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Server.Tests.Home;

public sealed class RelatedAuthoritiesTests
{
    [Fact]
    public async Task Load_AbsentWholeAndDamagedFile_NoneAllAndAnError()
    {
        using var folder = new TemporaryFolder();
        var home = new ApplianceHome(folder.Path);
        Assert.Empty(RelatedAuthorities.Load(home));

        await using var other = await TestAuthority.StartAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(home.RelatedAuthorities)!);
        await File.WriteAllTextAsync(home.RelatedAuthorities, Pem.Encode(other.Ceremony.Root, other.Ceremony.Issuing), TestContext.Current.CancellationToken);
        Assert.Equal([other.Ceremony.Root, other.Ceremony.Issuing], RelatedAuthorities.Load(home));

        await File.WriteAllTextAsync(home.RelatedAuthorities, "not PEM", TestContext.Current.CancellationToken);
        Assert.Contains("related.pem", Assert.Throws<CommandException>(() => RelatedAuthorities.Load(home)).Message, StringComparison.Ordinal);
    }
}
