using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>
/// kill -9 at random moments while a campaign moves agents, while it is told to, and while it goes back: every certificate that reached an agent is there, no agent
/// is lost, the campaign goes on by itself and comes to its end, and so does its roll-back. The agents' profile has a renewal window far in the future, so that
/// nothing but the campaign lets them come.
/// </summary>
[Trait("tier", "full")]
public sealed class CampaignCrashTests
{
    private const int Agents = 36;

    [Theory]
    [InlineData(3)]
    public async Task Kill_DuringCampaignsAndTheirRollBacks_LosesNoAgentAndNothingThatWasReleased(int campaigns)
    {
        await using var appliance = await Appliance.StartNewAsync();
        var credential = await appliance.Cli.NewCredentialAsync("--uses", "0", "--lifetime", "1d");
        await File.AppendAllTextAsync(Path.Combine(appliance.Home, "profiles", "agent.yaml"), "\nrenewal: {window: 1h}\n"); // read by the first start after a kill
        await using var fleet = await MovingFleet.StartAsync(appliance, credential, Agents);
        var run = new CampaignUnderFire(appliance, fleet);
        await run.KillAsync(); // nobody moves yet

        for (var i = 0; i < campaigns; i++)
        {
            await run.MoveAndReturnAsync($"round-{i}");
        }

        Assert.Empty(fleet.Complaints);
        Assert.True(fleet.Interrupted > 0, "no kill met a request under way");
        Assert.True(run.MetHalfDone > 0, "no kill met a campaign under way");
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>One appliance and its fleet, with a kill at every step.</summary>
    private sealed class CampaignUnderFire(Appliance appliance, MovingFleet fleet)
    {
        private readonly ReleasedCertificates released = new(appliance.Home);
        private int kills;

        /// <summary>Kills after which some agents were through and others not.</summary>
        public int MetHalfDone { get; private set; }

        public async Task MoveAndReturnAsync(string name)
        {
            // 1. Half of them, then all; each command may be cut off, and each state killed.
            await CommandUnderFireAsync(name, status => status is not null, "migrate", "start", name, "--from", "ecdsa-p256", "--to", "ecdsa-p384", "--owner", "tests", "--grace", "0s", "--share", "50%");
            await KillWhenAsync(() => fleet.CountOf(KeyAlgorithm.EcdsaP384) > 0);
            await CommandUnderFireAsync(name, status => status!.Value.GetProperty("share").GetDouble() == 100, "migrate", "start", name, "--share", "100%");
            await KillWhenAsync(() => fleet.CountOf(KeyAlgorithm.EcdsaP384) > Agents / 2);

            // 2. It comes to its end: rounds are held at starts and by commands.
            await Eventually.TrueAsync(async () => await CountAsync(name, "inUse", "retired") == Agents, TimeSpan.FromSeconds(60), () => Complaint($"{name} does not go on"));
            await KillAsync();
            await Eventually.TrueAsync(async () => await StateAsync(name) == "completed", TimeSpan.FromSeconds(60), () => Complaint($"{name} does not end"));
            await AssertEverybodyHasAsync(KeyAlgorithm.EcdsaP384, name, "retired");

            // 3. Back.
            await CommandUnderFireAsync(name, status => status!.Value.GetProperty("state").GetString() is "rollingBack" or "rolledBack", "migrate", "rollback", name);
            await KillWhenAsync(() => fleet.CountOf(KeyAlgorithm.EcdsaP256) > 0);
            await Eventually.TrueAsync(async () => await CountAsync(name, "returned", "rolledBack") == Agents, TimeSpan.FromSeconds(60), () => Complaint($"{name} does not go back"));
            await KillAsync();
            await Eventually.TrueAsync(async () => await StateAsync(name) == "rolledBack", TimeSpan.FromSeconds(60), () => Complaint($"{name} is not rolled back"));
            await AssertEverybodyHasAsync(KeyAlgorithm.EcdsaP256, name, "rolledBack");
        }

        /// <summary>SIGKILL, now, and another start.</summary>
        public async Task KillAsync()
        {
            await appliance.KillAsync();
            released.Add(fleet.Received.Skip(released.Count));
            released.AssertNothingIsMissing($"kill {++kills}");
            await appliance.StartUntilReadyAsync();
        }

        /// <summary>Waits until something is under way, and kills within a fraction of a second.</summary>
        private async Task KillWhenAsync(Func<bool> underWay)
        {
            await Eventually.TrueAsync(() => Task.FromResult(underWay()), TimeSpan.FromSeconds(60), () => Complaint("nobody moves"));
            await Task.Delay(RandomNumberGenerator.GetInt32(0, 150));
            await KillAsync();
            MetHalfDone += fleet.CountOf(KeyAlgorithm.EcdsaP256) > 0 && fleet.CountOf(KeyAlgorithm.EcdsaP384) > 0 ? 1 : 0;
        }

        /// <summary>Gives a command and kills at a moment when it may not be done; then it is given again if it was not.</summary>
        private async Task CommandUnderFireAsync(string campaign, Func<JsonElement?, bool> isDone, params string[] command)
        {
            var given = appliance.Cli.RunAsync(command);
            await Task.Delay(RandomNumberGenerator.GetInt32(200, 1500));
            await KillAsync();
            await given;
            if (!isDone(await StatusAsync(campaign)))
            {
                (await appliance.Cli.RunAsync(command)).MustSucceed();
            }
        }

        private async Task AssertEverybodyHasAsync(KeyAlgorithm algorithm, string campaign, string state)
        {
            Assert.Equal(Agents, fleet.CountOf(algorithm));
            Assert.Equal(Agents, await CountAsync(campaign, state));
            Assert.Equal(0, await CountAsync(campaign, "failed"));

            // What everybody goes by is good, and nothing else of the other kind is.
            var good = new HomeStore(appliance.Home).GoodCertificates().ToLookup(c => c.Algorithm, c => c.Serial);
            Assert.All(fleet.Agents, agent => Assert.Contains(agent.Certificate.SerialNumber, good[algorithm.Name]));
            var other = algorithm == KeyAlgorithm.EcdsaP384 ? KeyAlgorithm.EcdsaP256 : KeyAlgorithm.EcdsaP384;
            Assert.Empty(good[other.Name].Intersect(fleet.Received.Select(c => c.SerialNumber)));
        }

        private async Task<int> CountAsync(string campaign, params string[] states) =>
            await StatusAsync(campaign) is { } status ? states.Sum(state => status.GetProperty(state).GetInt32()) : 0;

        private async Task<string?> StateAsync(string campaign) => (await StatusAsync(campaign))?.GetProperty("state").GetString();

        private async Task<JsonElement?> StatusAsync(string campaign)
        {
            var answer = await appliance.Cli.RunAsync("migrate", "status", campaign, "--json");
            if (answer.ExitCode != 0)
            {
                return null;
            }

            using var json = JsonDocument.Parse(answer.Text);
            return json.RootElement.Clone();
        }

        private string Complaint(string what) => $"{what}:\n{string.Join('\n', fleet.Complaints.Take(10))}\n{appliance.Output}";
    }
}
