using AgentPki.Client.Peers;
using AgentPki.Client.Tests.Peers;
using AgentPki.Server.Composition;
using AgentPki.Server.Guard;
using AgentPki.Server.Guard.Lists;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Guard;

/// <summary>CRL files and the operator's command, when things go wrong; time stands still by the clock, looks come every 50 milliseconds.</summary>
public sealed class ListKeeperTests : IAsyncLifetime
{
    private static readonly Uri Appliance = new("http://pki.test:8080");
    private readonly TemporaryFolder _files = new();
    private readonly TemporaryFolder _beside = new();
    private CancellationTokenSource _ending = new();
    private readonly List<Task> _running = [];
    private PeerWorld _world = null!;
    private PeerGate _gate = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await PeerWorld.CreateAsync();
        _world.CrlIsDown = false;
        _gate = await _world.GateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _gate.DisposeAsync();
        await _world.DisposeAsync();
        _ending.Dispose();
        _files.Dispose();
        _beside.Dispose();
    }

    [Fact]
    public async Task Hook_ThatFails_IsAProblem_AndRunAgainUntilItEndsWithZero()
    {
        var keeper = Start("echo run >> ../hooks; echo no >&2; test -f ../ok");
        await PeerWorld.AtOnceAsync(() => keeper.Problem?.Contains("ended with 1: no", StringComparison.Ordinal) == true);
        await File.WriteAllTextAsync(Path.Combine(_beside.Path, "ok"), "", TestContext.Current.CancellationToken);
        await PeerWorld.AtOnceAsync(() => keeper.Problem is null);
        var runs = Runs();
        Assert.True(runs > 1);

        // And not any more, until something changes.
        var questions = _world.CrlQuestions;
        await PeerWorld.AtOnceAsync(() => _world.CrlQuestions > questions + 2);
        Assert.Equal(runs, Runs());
        await _world.RevokeAsync(_world.Agent("a/one"));
        await PeerWorld.AtOnceAsync(() => Runs() > runs);
    }

    [Fact]
    public async Task Start_AfterACrash_WritesAllAndRunsTheHook_ThoughTheListsAreTheSame()
    {
        var first = Start(null);
        await PeerWorld.AtOnceAsync(() => first.Problem is null);
        var all = await File.ReadAllTextAsync(_files.File("all.pem"), TestContext.Current.CancellationToken);
        await StopAsync();
        await File.WriteAllTextAsync(_files.File("all.pem"), "the one before", TestContext.Current.CancellationToken);
        var second = Start("echo run >> ../hooks");
        await PeerWorld.AtOnceAsync(() => second.Problem is null && Runs() == 1);
        Assert.Equal(all, await File.ReadAllTextAsync(_files.File("all.pem"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Files_ThatCannotBeWritten_AreAProblem_AndWrittenWhenTheyCan()
    {
        Directory.CreateDirectory(_files.File("all.pem"));
        var keeper = Start("echo run >> ../hooks");
        await PeerWorld.AtOnceAsync(() => keeper.Problem?.Contains("cannot be written", StringComparison.Ordinal) == true);
        Assert.Equal(0, Runs());
        Directory.Delete(_files.File("all.pem"));
        await PeerWorld.AtOnceAsync(() => keeper.Problem is null);
        Assert.Equal(1, Runs());
    }

    [Fact]
    public async Task File_OfAnotherCaOfTheName_WithAHigherNumber_IsReplaced()
    {
        await using var elsewhere = await PeerWorld.CreateAsync();
        elsewhere.CrlIsDown = false;
        elsewhere.Clock.Advance(TimeSpan.FromDays(1));
        using var way = new HttpClient(elsewhere.Handler());
        var foreign = await way.GetByteArrayAsync(new Uri(Appliance, "/crl/issuing.crl"), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_files.File("issuing.crl"), foreign, TestContext.Current.CancellationToken);
        var keeper = Start(null);
        await PeerWorld.AtOnceAsync(() => keeper.Problem is null);
        Assert.NotEqual(foreign, await File.ReadAllBytesAsync(_files.File("issuing.crl"), TestContext.Current.CancellationToken));
    }

    private ListKeeper Start(string? hook)
    {
        var lists = new ListFolderOptions(_files.Path, [new Uri(Appliance, "/crl/issuing.crl"), new Uri(Appliance, "/crl/root.crl")], hook?.Replace("../", _beside.Path + "/", StringComparison.Ordinal)) { Every = TimeSpan.FromMilliseconds(50) };
        var keeper = new ListKeeper(new GuardOptions(Appliance, [_world.Root], [_world.Issuing]), lists, _gate.Follower, ProviderList.SoftwareOnly, _world.Clock, NullLogger.Instance, _world.Handler());
        _running.Add(keeper.KeepAsync(_ending.Token));
        return keeper;
    }

    private async Task StopAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
        _ending = new CancellationTokenSource();
    }

    private int Runs() => File.Exists(Path.Combine(_beside.Path, "hooks")) ? File.ReadAllLines(Path.Combine(_beside.Path, "hooks")).Length : 0;
}
