using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Status;

/// <summary>What foreign relying parties need of an appliance, in files of one test: its certificates, and the CRLs that certificates point to.</summary>
internal sealed class RelyingParty
{
    private int fetched;

    private RelyingParty(Appliance appliance, TempFolder folder) => (Appliance, Folder) = (appliance, folder);

    public Appliance Appliance { get; }

    public TempFolder Folder { get; }

    public string Root => Appliance.AnchorsFile;

    /// <summary>The issuing CA's certificate.</summary>
    public string Issuing => Folder.File("issuing.pem");

    public string OcspUrl => $"http://localhost:{Appliance.HttpPort}/ocsp";

    public static async Task<RelyingParty> OfAsync(Appliance appliance, TempFolder folder)
    {
        var party = new RelyingParty(appliance, folder);
        (await OpenSsl.RunAsync(folder, "x509", "-in", appliance.ChainFile, "-out", party.Issuing)).MustSucceed();
        return party;
    }

    /// <summary>Fetches what a certificate points to and gives it as PEM.</summary>
    /// <param name="extension">crlDistributionPoints or freshestCRL.</param>
    public async Task<string> FetchAsync(string certificate, string extension)
    {
        var text = await OpenSsl.FieldAsync(Folder, certificate, "-ext", extension);
        return await FetchUrlAsync(text.Split('\n').Single(line => line.Contains("URI:", StringComparison.Ordinal)).Split("URI:")[1].Trim());
    }

    public async Task<string> FetchUrlAsync(string url)
    {
        var name = Folder.File($"list-{++fetched}");
        (await Tool.RunAsync("curl", ["-sS", "--fail", "--noproxy", "*", "-o", $"{name}.der", url])).MustSucceed();
        (await OpenSsl.RunAsync(Folder, "crl", "-inform", "DER", "-in", $"{name}.der", "-out", $"{name}.pem")).MustSucceed();
        return $"{name}.pem";
    }

    /// <summary>Every complete CRL there is, in one file: what servers that take one file are given.</summary>
    public async Task<string> FetchAllAsync()
    {
        var all = Folder.File("all-lists.pem");
        List<string> urls = [$"http://localhost:{Appliance.HttpPort}/crl/root.crl", $"http://localhost:{Appliance.HttpPort}/crl/issuing.crl"];
        urls.AddRange(Enumerable.Range(1, StatusAppliance.Shards).Select(shard => $"http://localhost:{Appliance.HttpPort}/crl/issuing/{shard}.crl"));
        var lists = new List<string>();
        foreach (var url in urls)
        {
            lists.Add(await File.ReadAllTextAsync(await FetchUrlAsync(url)));
        }

        await File.WriteAllTextAsync(all, string.Concat(lists));
        return all;
    }
}
