using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>Rounds of: clients enrol, the process dies at a random moment, it starts again by itself, and nothing is missing.</summary>
internal sealed class CrashRounds(Appliance appliance)
{
    private readonly List<X509Certificate2> received = [];

    public int Interrupted { get; private set; }

    public int Received => received.Count;

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

    /// <summary>What must hold of the disk alone, whatever the process may say.</summary>
    public void AssertNothingIsMissing(int round)
    {
        var store = new HomeStore(appliance.Home);
        var stored = store.Certificates();
        Assert.Equal(stored.Count, stored.Select(certificate => certificate.Serial).Distinct().Count());

        var bySerial = stored.ToDictionary(certificate => certificate.Serial);
        var issued = store.LedgerFrom(0).Where(entry => entry.Kind == LedgerKinds.CertificateIssued).ToDictionary(entry => entry.Leaf, entry => entry.Details);
        foreach (var certificate in received)
        {
            Assert.True(bySerial.TryGetValue(certificate.SerialNumber, out var found), $"round {round}: a client holds certificate {certificate.SerialNumber}, the store does not");
            Assert.Equal(certificate.RawData, found.Der);
            Assert.True(issued.TryGetValue(found.Leaf, out var details), $"round {round}: certificate {certificate.SerialNumber} has no leaf in the ledger");
            Assert.Contains(certificate.SerialNumber, details, StringComparison.OrdinalIgnoreCase);
        }
    }

    public async Task KillUnderLoadAsync()
    {
        var storm = EnrollmentStorm.Start(appliance);
        await Eventually.TrueAsync(() => Task.FromResult(storm.Received > 0), TimeSpan.FromSeconds(30), () => $"nobody could enrol:\n{appliance.Output}");
        await Task.Delay(RandomNumberGenerator.GetInt32(1, 700));
        await appliance.KillAsync();
        received.AddRange(await storm.StopAsync());
        Interrupted += storm.Interrupted;
    }
}
