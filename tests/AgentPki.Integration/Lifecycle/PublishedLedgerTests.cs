using System.Globalization;
using System.Net;
using System.Text;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Tiles;

namespace AgentPki.Integration.Lifecycle;

/// <summary>The ledger as an auditor reads it over HTTP: with openssl for the signature and no code of ours for the tree.</summary>
public sealed class PublishedLedgerTests(SharedAppliance shared)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ledger_UnlessItIsPublished_IsNobodysToRead()
    {
        var appliance = await shared.GetAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{appliance.HttpPort}") };
        using var answer = await http.GetAsync(Prefix((await appliance.Cli.RunAsync("audit", "checkpoint")).MustSucceed().Text) + "/checkpoint", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ledger_Published_IsVerifiedByAStranger()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var configuration = Path.Combine(appliance.Home, "agentpki.yaml");
        await File.WriteAllTextAsync(configuration, (await File.ReadAllTextAsync(configuration, Cancelled)).Replace("publish: false", "publish: true", StringComparison.Ordinal), Cancelled);
        await appliance.StartAsync();
        await EnrolledAgent.CreateAsync(appliance, "witnessed");
        var prefix = Prefix((await appliance.Cli.RunAsync("audit", "checkpoint")).MustSucceed().Text);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{appliance.HttpPort}") };

        // The note: text, an empty line, one signature line; its signature behind the four octets of the key's id.
        var note = await http.GetStringAsync($"{prefix}/checkpoint", Cancelled);
        var text = note[..(note.IndexOf("\n\n", StringComparison.Ordinal) + 1)];
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("text"), text, Cancelled);
        await File.WriteAllTextAsync(folder.File("other"), text.Replace("agentpki", "agentpkj", StringComparison.Ordinal), Cancelled);
        await File.WriteAllBytesAsync(folder.File("signature"), Convert.FromBase64String(note.TrimEnd('\n').Split(' ')[^1])[4..], Cancelled);
        (await VerifyAsync(folder, appliance, "text")).MustSucceed();
        (await VerifyAsync(folder, appliance, "other")).MustFail();

        // The tree and its entries.
        var lines = text.Split('\n');
        var log = new TiledLog(path => http.GetByteArrayAsync($"{prefix}/tile/{path}", Cancelled), long.Parse(lines[1], CultureInfo.InvariantCulture));
        var leaves = await log.LeafHashesAsync();
        Assert.Equal(lines[2], Convert.ToBase64String(TiledLog.Root(leaves)));
        var entries = await log.EntriesAsync();
        Assert.Equal(leaves, entries.Select(TiledLog.HashLeaf));
        Assert.DoesNotContain(entries, entry => Encoding.Latin1.GetString(entry).Contains("witnessed", StringComparison.Ordinal));
        Assert.Equal(lines[2], Convert.ToBase64String(await log.RootAsync()));
    }

    private static string Prefix(string note) => note[..note.IndexOf('\n', StringComparison.Ordinal)]["agentpki.internal".Length..];

    private static async Task<ToolResult> VerifyAsync(TempFolder folder, Appliance appliance, string file)
    {
        var key = Path.Combine(appliance.Home, "anchors", "ledger.pem");
        var isEdwards = (await OpenSsl.RunAsync(folder, "pkey", "-pubin", "-in", key, "-noout", "-text")).MustSucceed().Text.Contains("ED25519", StringComparison.OrdinalIgnoreCase);
        return await OpenSsl.RunAsync(folder, ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", .. isEdwards ? Array.Empty<string>() : ["-digest", "sha256"], "-in", folder.File(file), "-sigfile", folder.File("signature")]);
    }
}
