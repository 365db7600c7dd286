using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>What reached clients, and that a home's disk holds all of it, whatever its process may say.</summary>
internal sealed class ReleasedCertificates(string home)
{
    private readonly List<X509Certificate2> received = [];

    public int Count => received.Count;

    public void Add(IEnumerable<X509Certificate2> certificates) => received.AddRange(certificates);

    public void AssertNothingIsMissing(string when)
    {
        var store = new HomeStore(home);
        var stored = store.Certificates();
        Assert.Equal(stored.Count, stored.Select(certificate => certificate.Serial).Distinct().Count());

        var bySerial = stored.ToDictionary(certificate => certificate.Serial);
        var issued = store.LedgerFrom(0).Where(entry => entry.Kind == LedgerKinds.CertificateIssued).ToDictionary(entry => entry.Leaf, entry => entry.Details);
        foreach (var certificate in received)
        {
            Assert.True(bySerial.TryGetValue(certificate.SerialNumber, out var found), $"{when}: a client holds certificate {certificate.SerialNumber}, the store does not");
            Assert.Equal(certificate.RawData, found.Der);
            Assert.True(issued.TryGetValue(found.Leaf, out var details), $"{when}: certificate {certificate.SerialNumber} has no leaf in the ledger");
            Assert.Contains(certificate.SerialNumber, details, StringComparison.OrdinalIgnoreCase);
        }
    }
}
