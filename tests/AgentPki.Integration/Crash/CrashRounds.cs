using System.Security.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>Rounds of: clients enrol, the process dies at a random moment, it starts again by itself, and nothing is missing.</summary>
internal sealed class CrashRounds(Appliance appliance)
{
    private readonly ReleasedCertificates released = new(appliance.Home);

    public int Interrupted { get; private set; }

    public int Received => released.Count;

    /// <param name="settings">Further variables of the process, the same at every start.</param>
    public async Task RunAsync(int rounds, IReadOnlyDictionary<string, string>? settings = null)
    {
        for (var round = 0; round < rounds; round++)
        {
            await KillUnderLoadAsync();
            await appliance.StartUntilReadyAsync(settings);
            AssertNothingIsMissing(round);
        }
    }

    public void AssertNothingIsMissing(int round) => released.AssertNothingIsMissing($"round {round}");

    public async Task KillUnderLoadAsync()
    {
        var storm = EnrollmentStorm.Start(appliance);
        await Eventually.TrueAsync(() => Task.FromResult(storm.Received > 0), TimeSpan.FromSeconds(30), () => $"nobody could enrol:\n{appliance.Output}");
        await Task.Delay(RandomNumberGenerator.GetInt32(1, 700));
        await appliance.KillAsync();
        released.Add(await storm.StopAsync());
        Interrupted += storm.Interrupted;
    }
}
