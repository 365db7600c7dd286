using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Ledger;

namespace AgentPki.Integration.Demo;

/// <summary>
/// The story that <c>agentpki demo</c> tells, judged by what is left of it: the ledger's export, openssl and .NET over certificates and CRLs, the decision log line by line, the receipts. What it
/// prints is looked at too, and the times that it measured are reported, not judged.
/// </summary>
[Trait("tier", "full")]
public sealed partial class DemoTests : IDisposable
{
    private const string Family = "spiffe://agents.localhost/agent/orchestrator";
    private static readonly string[] Children = ["reader", "writer"];
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Demo_Kept_LeavesWhatProvesTheStory()
    {
        await using var demo = DemoProcess.Start(_folder, "--keep");
        Assert.True(await demo.WaitForExitAsync() == 0, demo.Output);
        Assert.Empty(demo.Left());
        ReportMeasurements(demo.Output);

        var ledger = await LedgerAsync(demo);
        AssertLedgerTellsTheStory(ledger);
        await AssertCertificatesAsync(demo);
        AssertDecisions(demo, ledger);
        await AssertLessAsync(demo);
    }

    [Fact]
    public async Task Demo_Interrupted_LeavesNoProcessAndNoFile()
    {
        await using var demo = DemoProcess.Start(_folder);
        await demo.WaitForAsync("It spawns 'writer'");
        Assert.NotEmpty(demo.Left());
        await demo.InterruptAsync();
        Assert.True(await demo.WaitForExitAsync() == 130, demo.Output);
        Assert.Empty(demo.Left());
        Assert.False(Directory.Exists(demo.State), demo.Output);
    }

    [Fact]
    public async Task Demo_WhoseGuardIsKilled_FailsAndSaysWhatWentOtherwise()
    {
        await using var demo = DemoProcess.Start(_folder);
        await demo.WaitForAsync("It spawns 'reader'");
        using (var guard = Process.GetProcessById(demo.ProcessOf("the guard lets agents in")))
        {
            guard.Kill();
        }

        Assert.Equal(1, await demo.WaitForExitAsync());
        Assert.Contains("The story went otherwise: 'call' of", demo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Every step was as told", demo.Output, StringComparison.Ordinal);
        Assert.Empty(demo.Left());
        Assert.True(File.Exists(Path.Combine(demo.State, "log", "guard.log")), demo.Output);
    }

    // What was measured, in every place for everybody who still was in it.
    private static void ReportMeasurements(string output)
    {
        var rows = output.Split('\n').Select(l => Row().Match(l)).Where(m => m.Success).ToList();
        foreach (var (place, count) in new[] { ("tool service", 2), ("OAuth", 2), ("SPIFFE", 2), ("re-enrolment", 1) })
        {
            var ofPlace = rows.Where(r => r.Groups["place"].Value == place).ToList();
            Assert.True(ofPlace.Count == count, $"{ofPlace.Count} measurements of {place}:\n{output}");
            Assert.All(ofPlace, r => Assert.Equal(2, r.Groups["times"].Captures.Take(2).Count(c => int.Parse(c.Value.Split(' ')[0], CultureInfo.InvariantCulture) > 0)));
        }

        foreach (var row in rows)
        {
            TestContext.Current.SendDiagnosticMessage($"revoked: {row.Value.Trim()}");
        }
    }

    private async Task<List<LedgerRecord>> LedgerAsync(DemoProcess demo)
    {
        var export = _folder.File("ledger.jsonl");
        (await demo.RunAsync("audit", "verify")).MustSucceed();
        (await demo.RunAsync("decisions", "verify")).MustSucceed();
        (await demo.RunAsync("audit", "export", "--to", export)).MustSucceed();
        var log = await LedgerExport.OpenAsync(export, TestContext.Current.CancellationToken);
        var all = new List<LedgerRecord>();
        await foreach (var record in log.ReadAsync(0, TestContext.Current.CancellationToken))
        {
            Assert.True(record.MatchesCommitment);
            all.Add(record);
        }

        return all;
    }

    private static void AssertLedgerTellsTheStory(List<LedgerRecord> ledger)
    {
        var issued = ledger.FindIndex(r => Is(r, LedgerEntryKind.CertificateIssued, Family));
        var task = ledger.FindIndex(r => Is(r, LedgerEntryKind.TokenIssued, Family));
        var granted = Children.Select(c => ledger.FindIndex(r => Is(r, LedgerEntryKind.DelegationGranted, $"{Family}/{c}"))).ToList();
        var children = Children.Select(c => ledger.FindIndex(r => Is(r, LedgerEntryKind.CertificateIssued, $"{Family}/{c}"))).ToList();
        var more = ledger.FindIndex(r => Is(r, LedgerEntryKind.TokenRefused, $"{Family}/reader"));
        var rule = ledger.FindIndex(r => Is(r, LedgerEntryKind.BehaviourAnswered, $"{Family}/reader"));
        var revocations = ledger.FindAll(r => r.Leaf.Kind == LedgerEntryKind.CertificateRevoked);
        Assert.Equal(2, revocations.Count);
        var held = ledger.IndexOf(revocations[0]);
        var revoked = ledger.IndexOf(revocations[1]);

        Assert.True(0 < issued && issued < task, $"{issued} {task}");
        Assert.All([.. granted, .. children], i => Assert.True(task < i && i < more, $"{i} is not between {task} and {more}"));
        Assert.True(granted[0] < children[0] && granted[1] < children[1]);
        Assert.True(more < rule && rule < held && held < revoked, $"{more} {rule} {held} {revoked}");

        // The rule says what it saw, and what was done has its name on it; the operator's revocation is nobody's but his.
        Assert.Equal(ledger[rule].Details!.Facts["correlation"], revocations[0].Details!.Facts["correlation"]);
        Assert.Equal("appliance", revocations[0].Details!.Actor);
        Assert.StartsWith("admin:", revocations[1].Details!.Actor, StringComparison.Ordinal);
        Assert.Equal("KeyCompromise", revocations[1].Details!.Facts["reason"]);
        Assert.Contains("refusals", ledger[rule].Details!.Facts.Values);
        Assert.Contains(ledger[(revoked + 1)..], r => Is(r, LedgerEntryKind.EnrollmentRefused, Family));
        Assert.DoesNotContain(ledger[(revoked + 1)..], r => r.Leaf.Kind is LedgerEntryKind.CertificateIssued or LedgerEntryKind.TokenIssued && IsAbout(r, ""));
    }

    // By openssl with the CRL that lies in the home, and by .NET without: good chains of revoked certificates.
    private async Task AssertCertificatesAsync(DemoProcess demo)
    {
        var (root, chain) = (Path.Combine(demo.Home, "anchors", "root.pem"), Path.Combine(demo.Home, "anchors", "chain.pem"));
        var anchors = new X509Certificate2Collection();
        anchors.ImportFromPemFile(root);
        var issuers = new X509Certificate2Collection();
        issuers.ImportFromPemFile(chain);
        string[] lists = [.. Directory.GetFiles(Path.Combine(demo.Home, "crl"), "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > 0).SelectMany(f => new[] { "-CRLfile", f })];
        Assert.NotEmpty(lists);
        foreach (var name in new[] { "orchestrator", "reader", "writer" })
        {
            var file = Path.Combine(demo.State, name, "agent.pem");
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
            using var path = new X509Chain();
            path.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            path.ChainPolicy.CustomTrustStore.AddRange(anchors);
            path.ChainPolicy.ExtraStore.AddRange(issuers);
            path.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            Assert.True(path.Build(certificate), name);
            (await OpenSsl.RunAsync(_folder, "verify", "-CAfile", root, "-untrusted", chain, file)).MustSucceed();
            var judged = (await OpenSsl.RunAsync(_folder, ["verify", "-CAfile", root, "-untrusted", chain, "-crl_check", .. lists, file])).MustFail();
            Assert.Contains("certificate revoked", judged.Text + judged.Error, StringComparison.Ordinal);
        }

        // Whoever was good, is.
        (await OpenSsl.RunAsync(_folder, ["verify", "-CAfile", root, "-untrusted", chain, "-crl_check", .. lists, Path.Combine(demo.State, "tools", "agent.pem")])).MustSucceed();
    }

    private static void AssertDecisions(DemoProcess demo, List<LedgerRecord> ledger)
    {
        var decisions = Directory.GetFiles(Path.Combine(demo.Home, "decisions"), "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)
            .Select(l => JsonDocument.Parse(l).RootElement).Where(d => d.TryGetProperty("kind", out var kind) && kind.GetString() == "decision").ToList();
        foreach (var agent in new[] { Family, $"{Family}/reader", $"{Family}/writer" })
        {
            Assert.Contains(decisions, d => Subject(d) == agent && IsPermit(d) && Action(d) == "read");
        }

        Assert.Contains(decisions, d => Subject(d) == $"{Family}/writer" && IsPermit(d) && Action(d) == "write");
        Assert.True(decisions.Count(d => Subject(d) == $"{Family}/reader" && !IsPermit(d) && Action(d) == "write" && Reasons(d).StartsWith("bounds", StringComparison.Ordinal)) >= 29);
        Assert.DoesNotContain(decisions, d => Subject(d) == $"{Family}/reader" && IsPermit(d) && Action(d) == "write");

        // Nothing was permitted to the family as of a state that had the revocation.
        var epoch = long.Parse(Epoch().Match(demo.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.All(decisions.Where(d => IsPermit(d) && Subject(d).StartsWith(Family, StringComparison.Ordinal)), d => Assert.True(d.GetProperty("cursor").GetInt64() < epoch, d.ToString()));

        // The service has a receipt for each decision that it was given, and for none else; the ledger vouches for all of them.
        var receipts = File.ReadAllLines(Path.Combine(demo.State, "tools", "receipts.txt"))
            .SelectMany(r => JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(r.Split('.')[1])).RootElement.GetProperty("decisions").EnumerateArray().ToList())
            .ToDictionary(d => d.GetProperty("id").GetString()!, d => d.GetProperty("decision").GetBoolean());
        Assert.All(receipts, r => Assert.Contains(decisions, d => d.GetProperty("id").GetString() == r.Key && IsPermit(d) == r.Value));
        Assert.True(receipts.Count >= decisions.Count - 3, $"{receipts.Count} receipts of {decisions.Count} decisions"); // a connection may be cut while it waits for one
        var anchored = ledger.Where(r => r.Leaf.Kind == LedgerEntryKind.DecisionsAnchored).Sum(r => long.Parse(r.Details!.Facts["records"], CultureInfo.InvariantCulture));
        Assert.True(anchored >= decisions.Count, $"{anchored} of {decisions.Count} anchored");
    }

    // The children's certificates say that they have less, and the grants that their parent gave it.
    private static async Task AssertLessAsync(DemoProcess demo)
    {
        var parent = await ScopesAsync(demo, "orchestrator");
        foreach (var name in Children)
        {
            var file = Path.Combine(demo.State, name, "agent.pem");
            Assert.DoesNotContain("write:crm/customers/*", await ScopesAsync(demo, name));
            Assert.Contains("write:crm/customers/*", parent);
            var ledger = (await demo.RunAsync("audit", "key")).MustSucceed().Text.Split('\n')[0];
            var said = (await demo.RunAsync("inspect", file, "--grants", Path.Combine(demo.State, name, "grants.json"), "--anchors", Path.Combine(demo.Home, "anchors", "root.pem"), "--ledger-key", ledger)).MustSucceed().Text;
            Assert.Contains("Every grant holds", said, StringComparison.Ordinal);
        }
    }

    private static async Task<IReadOnlyList<string>> ScopesAsync(DemoProcess demo, string name)
    {
        using var policy = JsonDocument.Parse((await demo.RunAsync("inspect", Path.Combine(demo.State, name, "agent.pem"), "--json")).MustSucceed().Text);
        return [.. policy.RootElement.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()!)];
    }

    private static bool Is(LedgerRecord record, LedgerEntryKind kind, string agent) => record.Leaf.Kind == kind && record.Details is { } details && (details.Actor == $"agent:{agent}" || details.Facts.ContainsValue(agent));

    private static bool IsAbout(LedgerRecord record, string rest) => record.Details is { } details && (details.Actor.Contains(Family + rest, StringComparison.Ordinal) || details.Facts.Values.Any(v => v.StartsWith(Family + rest, StringComparison.Ordinal)));

    private static string Subject(JsonElement decision) => decision.GetProperty("subject").GetString()!;

    private static string Action(JsonElement decision) => decision.GetProperty("action").GetString()!;

    private static bool IsPermit(JsonElement decision) => decision.GetProperty("decision").GetBoolean();

    private static string Reasons(JsonElement decision) => string.Join(' ', decision.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()));

    [GeneratedRegex(@"with it everything that it spawned[\s\S]*?revocation epoch (\d+)")]
    private static partial Regex Epoch();

    [GeneratedRegex(@"^(?<place>tool service|OAuth|SPIFFE|re-enrolment)  +[a-zA-Z ]+?  +((?<times>\d+ ms|before) *){3}$")]
    private static partial Regex Row();
}
