using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Tests.Peers;
using AgentPki.Server.Cli;
using AgentPki.Server.Guard;
using AgentPki.Server.Guard.Proxy;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Guard;

/// <summary>The guard's own certificate after a crash, and with an appliance that is away. That it enrols and renews at one that is there is for the integration tests.</summary>
public sealed class DoorCertificateKeeperTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private PeerWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await PeerWorld.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return _world.DisposeAsync();
    }

    [Fact]
    public async Task Ensure_KilledBetweenKeyAndCertificate_HasTheKeyBeforeAgain()
    {
        using var before = _world.Agent("guard/one");
        using var after = _world.Agent("guard/one");
        Write(before, before);
        File.Move(_folder.File("guard.key"), _folder.File("guard.key.old"));
        var key = await File.ReadAllTextAsync(_folder.File("guard.key.old"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder.File("guard.key"), Key(after), TestContext.Current.CancellationToken);
        await Keeper().EnsureAsync(TestContext.Current.CancellationToken);
        Assert.Equal(key, await File.ReadAllTextAsync(_folder.File("guard.key"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ensure_KeyOfNoCertificate_IsNone()
    {
        using var one = _world.Agent("guard/one");
        using var other = _world.Agent("guard/one");
        Write(one, other);
        Assert.Contains("no credential", (await Assert.ThrowsAsync<CommandException>(() => Keeper().EnsureAsync(TestContext.Current.CancellationToken))).Message, StringComparison.Ordinal);
        File.Delete(_folder.File("guard.key"));
        await Assert.ThrowsAsync<CommandException>(() => Keeper().EnsureAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Keep_CertificateThatEnded_IsEnrolledWithTheCredential_AndWhateverFailsTheNextLookComes()
    {
        using var ended = _world.Agent("guard/one", TimeSpan.FromMinutes(2));
        Write(ended, ended);
        using var ending = new CancellationTokenSource();
        var keeper = Keeper();
        var keeping = keeper.KeepAsync(ending.Token);
        _world.Clock.Advance(TimeSpan.FromMinutes(3));
        await PeerWorld.AtOnceAsync(() => keeper.Problem?.Contains("no credential", StringComparison.Ordinal) == true);
        using var good = _world.Agent("guard/one");
        Write(good, good);
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        await PeerWorld.AtOnceAsync(() => keeper.Problem is null);
        Assert.False(keeping.IsCompleted);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeping);
    }

    private DoorCertificateKeeper Keeper()
    {
        var enrolment = new DoorEnrolment(new Uri("https://127.0.0.1:1"), null, ["localhost"]);
        return new DoorCertificateKeeper(
            new DoorIdentity(_folder.File("guard.pem"), _folder.File("guard.key"), enrolment), enrolment, new GuardOptions(new Uri("http://127.0.0.1:1"), [_world.Root], [_world.Issuing]), _world.Clock, NullLogger.Instance);
    }

    private void Write(X509Certificate2 certificate, X509Certificate2 key)
    {
        File.WriteAllText(_folder.File("guard.pem"), certificate.ExportCertificatePem() + "\n" + _world.IssuingCertificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("guard.key"), Key(key));
    }

    private static string Key(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
}
