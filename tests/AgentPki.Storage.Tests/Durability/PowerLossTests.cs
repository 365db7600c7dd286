using System.Diagnostics;
using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Durability;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Storage.Tests.Durability;

/// <summary>What the store has released survives the power failing at any moment; and a store that only pretends is found out.</summary>
public sealed class PowerLossTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new();
    private SoftwareSigningKey _key = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Home => Path.Combine(_folder.Path, "home");

    private string Database => Path.Combine(Home, "agentpki.db");

    private string KeyFile => Path.Combine(_folder.Path, "checkpoint.key");

    public async ValueTask InitializeAsync()
    {
        _key = (SoftwareSigningKey)await new BouncyCastleProvider().GenerateAsync(new KeySpec($"checkpoint-{Guid.NewGuid():n}", KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint), Cancelled);
        await File.WriteAllBytesAsync(KeyFile, _key.ExportPkcs8(), Cancelled);
        Directory.CreateDirectory(Home);
    }

    public async ValueTask DisposeAsync()
    {
        await _key.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public Task Store_SeveralPowerFailures_LosesNothingReleased() => SurviveAsync(8);

    [Fact]
    [Trait("tier", "full")]
    public async Task Store_HundredsOfPowerFailures_LosesNothingReleased()
    {
        for (var life = 0; life < 6; life++)
        {
            Directory.Delete(Home, recursive: true);
            Directory.CreateDirectory(Home);
            await SurviveAsync(50);
        }
    }

    [Fact]
    public async Task Store_PowerFailsWhileItIsMade_StartsByItself()
    {
        for (var round = 0; round < 8; round++)
        {
            Directory.Delete(Home, recursive: true);
            Directory.CreateDirectory(Home);
            var released = await WriteUntilKilledAsync(1, "FULL", torn: new Random(round), killAfter: TimeSpan.FromMilliseconds(100 + (100 * round)));

            await using var store = await OpenAsync();
            Assert.Empty(await MissingAsync(store, released));
            await AssertVerifiesAsync(store);
        }
    }

    [Theory]
    [InlineData("OFF")]
    [InlineData("NORMAL")]
    public async Task Store_ThatOnlyPretendsToBeDurable_IsFoundOut(string synchronous)
    {
        var released = await WriteUntilKilledAsync(1, synchronous, torn: null);

        // By itself it may not even open: its checkpoints outside of the database, which were flushed, tell that it was set back.
        await using var store = await OpenAsync(allowSetBack: true);
        Assert.NotEmpty(released);
        Assert.NotEmpty(await MissingAsync(store, released));
    }

    private async Task SurviveAsync(int rounds)
    {
        var released = new List<(char What, int N)>();
        for (var round = 1; round <= rounds; round++)
        {
            var torn = round % 2 == 0 ? new Random(_random.Next()) : null;
            var now = await WriteUntilKilledAsync(round * 1_000_000, "FULL", torn);
            released.AddRange(now);

            // It starts by itself, and everything released is there; now and then: everything ever released, and the ledger agrees with the
            // records and with every checkpoint.
            await using var store = await OpenAsync();
            Assert.Empty(await MissingAsync(store, now));
            if (round % 5 == 0 || round == rounds)
            {
                Assert.Empty(await MissingAsync(store, released));
                await AssertVerifiesAsync(store);
            }
        }

        Assert.True(released.Count > rounds, "The writer hardly wrote: the test has shown nothing.");
    }

    private Task<SqliteStore> OpenAsync(bool allowSetBack = false) => SqliteStore.OpenAsync(CrashWriter.OptionsOf(Database) with { AllowSetBack = allowSetBack }, TimeProvider.System, NullLogger<SqliteStore>.Instance, Cancelled);

    private async Task<List<(char What, int N)>> WriteUntilKilledAsync(int first, string synchronous, Random? torn, TimeSpan? killAfter = null)
    {
        var power = new PowerLoss(Home, Path.Combine(_folder.Path, "mirror"));
        power.Arm();
        var start = new ProcessStartInfo(Environment.ProcessPath ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(CrashWriter).Assembly.Location);
        }

        foreach (var argument in new[] { CrashWriter.Verb, Database, synchronous, first.ToString(CultureInfo.InvariantCulture), KeyFile })
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in await power.EnvironmentAsync())
        {
            start.Environment[name] = value;
        }

        using var writer = Process.Start(start) ?? throw new InvalidOperationException("The writer did not start.");
        var errors = writer.StandardError.ReadToEndAsync(Cancelled);
        var released = new List<(char What, int N)>();
        var reading = Task.Run(async () =>
        {
            while (await writer.StandardOutput.ReadLineAsync(Cancelled) is { } line)
            {
                lock (released)
                {
                    released.Add((line[0], int.Parse(line.AsSpan(2), CultureInfo.InvariantCulture)));
                }
            }
        }, Cancelled);

        // From the moment it releases something, any moment.
        var deadline = Stopwatch.StartNew();
        while (killAfter is null && deadline.Elapsed < TimeSpan.FromSeconds(60) && !writer.HasExited && CountOf(released) == 0)
        {
            await Task.Delay(5, Cancelled);
        }

        await Task.Delay(killAfter ?? TimeSpan.FromMilliseconds(_random.Next(0, 300)), Cancelled);
        var ended = writer.HasExited;
        writer.Kill();
        await writer.WaitForExitAsync(Cancelled);
        await reading;
        Assert.False(ended, $"The writer ended by itself: {await errors}");
        power.Strike(torn);
        return released;
    }

    private static int CountOf(List<(char What, int N)> released)
    {
        lock (released)
        {
            return released.Count;
        }
    }

    private static async Task<List<string>> MissingAsync(SqliteStore store, List<(char What, int N)> released)
    {
        var missing = new List<string>();
        var checkpoints = new HashSet<int>();
        await foreach (var note in store.ReadCheckpointsAsync(Cancelled))
        {
            checkpoints.Add(SignedCheckpoint.TryParse(note, out var checkpoint, out _) ? (int)checkpoint.Checkpoint.Size : -1);
        }

        foreach (var (what, n) in released)
        {
            var held = what switch
            {
                'C' => checkpoints.Contains(n),
                'R' => await ((ICertificateStore)store).FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(n), Cancelled) is CertificateStatus.Revoked,
                _ => (await ((ICertificateStore)store).FindAsync(StoreSamples.Authority, StoreSamples.Serial(n), Cancelled))?.Certificate.Der.AsSpan().SequenceEqual(StoreSamples.Certificate(n).Der) is true,
            };
            if (!held)
            {
                missing.Add($"{what} {n}");
            }
        }

        return missing;
    }

    private async Task AssertVerifiesAsync(SqliteStore store)
    {
        var file = Path.Combine(Home, "ledger", "checkpoints");
        var options = new LedgerVerifierOptions
        {
            TrustedKeys = [_key.PublicKey],
            Evidence = store,
            ExternalCheckpoints = File.Exists(file) ? CheckpointFile.Split(await File.ReadAllTextAsync(file, Cancelled)) : [],
        };
        var result = await LedgerVerifier.VerifyAsync(store, new CryptoProviders(new BouncyCastleProvider()), options, null, Cancelled);
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
    }
}
