using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

public sealed class MinutesTests(EvidenceScene scene) : IClassFixture<EvidenceScene>
{
    private const string Hostile = "<script>alert(1)</script>&\"'\u202Etxt.exe\u00AD";

    private static readonly string Digest = new('5', 64);

    [Fact]
    public void Write_Ceremony_SaysWhatPeopleLookFor()
    {
        var page = File.ReadAllText(scene.Ceremony.Folder.Minutes);
        var root = scene.Ceremony.Verify().Records.First(r => r.Kind == RecordKinds.Certificate);
        Assert.All(
            [
                "A test", "test-pki", "Alice Example", "Carol Example", Grouped(scene.Plan.Sha256), Words(scene.Plan.Sha256), Grouped(root["sha256"]!), Words(root["sha256"]!), "CN=Test Root,O=Test", root["serial"]!, root["not-after"]!,
                "Step 4 began", "Carol Example approved step 4.", "CKM_ECDSA CKM_EC_KEY_PAIR_GEN", "0001", "not offered by the token", "any 2", "nobody has seen one", "Nothing: no step stopped", "Signatures on paper", "sh verify.sh FOLDER " + scene.Plan.Sha256,
                Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(VerifyScript.Content.Span)),
            ],
            text => Assert.Contains(text, page, StringComparison.Ordinal));
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_SameRecords_GivesTheSamePage()
    {
        var chain = scene.Ceremony.Verify();
        Assert.Equal(CeremonyMinutes.Write(scene.Plan, chain.Records, chain.Head, Digest), CeremonyMinutes.Write(scene.Plan, chain.Records, chain.Head, Digest));
        Assert.NotEqual(CeremonyMinutes.Write(scene.Plan, chain.Records, chain.Head, Digest), CeremonyMinutes.Write(scene.Plan, chain.Records.SkipLast(1).ToList(), chain.Head, Digest));
    }

    [Fact]
    public void Write_HostileFacts_AreTextAndNothingElse()
    {
        // Every kind of record, with every fact that a page shows made of what would break out of it.
        var kinds = typeof(RecordKinds).GetFields().Select(f => (string)f.GetRawConstantValue()!).Append("unknown");
        string[] names = ["title", "home", "software", "system", "officer", "step", "kind", "what", "reason", "token", "serial", "mechanisms", "made", "purpose", "officers", "threshold", "sealing", "file", "owner", "algorithm", "provider", "label", "protection", "subject", "issuer", "not-before", "not-after", "signature-algorithm", "sha256", "public-key-sha256", "pin", "attestation"];
        var records = kinds.Select((kind, i) => Record(i, kind, [.. names.Select(n => (n, (string?)(n + Hostile)))])).ToList();
        var page = Encoding.UTF8.GetString(CeremonyMinutes.Write(scene.Plan with { Title = Hostile, Home = Hostile }, records, Hostile, Hostile));
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("&\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;", page, StringComparison.Ordinal);
        Assert.Contains("⟨U+202E⟩", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_RecordsWithoutFacts_IsAPage()
    {
        var kinds = typeof(RecordKinds).GetFields().Select(f => (string)f.GetRawConstantValue()!);
        Assert.NotEmpty(CeremonyMinutes.Write(scene.Plan, [.. kinds.Select((kind, i) => Record(i, kind))], Digest, Digest));
    }

    /// <summary>
    /// Pinned: whoever changes the page gives it another version, so that minutes of before are not called changed. Then this digest is another.
    /// </summary>
    [Fact]
    public async Task Write_FixedRecords_IsTheVersionThatItSays()
    {
        var time = new DateTimeOffset(2026, 11, 26, 9, 0, 0, TimeSpan.Zero);
        var officers = (await TestOfficers.CreateAsync(2, KeyAlgorithm.EcdsaP256, "alice", "bob")).Roster;
        var kinds = typeof(RecordKinds).GetFields().Select(f => (string)f.GetRawConstantValue()!).Order(StringComparer.Ordinal);
        var records = kinds.Select((kind, i) => Record(i, kind, ("what", "what"), ("officer", "alice"), ("step", "1"), ("token", "main"), ("serial", "1"), ("owner", "root"), ("public-key-sha256", Digest), ("sha256", Digest), ("subject", "CN=R"), ("officers", "alice bob"))).ToList();
        var plan = new CeremonyPlan(new string('a', 32), "A test", time, "agentpki", "home", true, Digest, officers, []);
        var page = Encoding.UTF8.GetString(CeremonyMinutes.Write(plan, records, Digest, Digest));
        page = officers.Officers.Aggregate(page, (text, o) => text.Replace(Grouped(o.Fingerprint), "KEY", StringComparison.Ordinal));
        page = page.Replace(Grouped(plan.Sha256), "PLAN", StringComparison.Ordinal).Replace(Words(plan.Sha256), "WORDS", StringComparison.Ordinal).Replace(plan.Sha256, "PLAN", StringComparison.Ordinal);
        // The code of the plan is another each time: its officers' keys are.
        var from = page.IndexOf("<svg", StringComparison.Ordinal);
        page = page.Remove(from, page.IndexOf("</svg>", StringComparison.Ordinal) - from);
        Assert.Equal(("agentpki-minutes/1", "38d3f7b6179be4a5ba602a787a21d31eeaacd1e71ddd7038"), (page[(page.IndexOf("<!-- ", StringComparison.Ordinal) + 5)..page.IndexOf(" -->", StringComparison.Ordinal)], TranscriptRecord.DigestOf(Encoding.UTF8.GetBytes(page))[..48]));
    }

    [Fact]
    public void Verify_MinutesOfAnotherVersion_AreWhatTheOfficersSigned()
    {
        using var copy = scene.Copy();
        File.WriteAllText(copy.Folder.Minutes, File.ReadAllText(copy.Folder.Minutes).Replace("agentpki-minutes/1", "agentpki-minutes/0", StringComparison.Ordinal));
        // Not what they signed, here; but nobody says that this program would write something else.
        var report = EvidenceVerifier.Verify(copy.Folder, TestOfficers.Software);
        Assert.Contains(report.Findings, f => !f.IsProblem && f.Text.Contains("was written by another version", StringComparison.Ordinal));
        Assert.Contains(report.Findings, f => f.IsProblem && f.Text.Contains("has signed for another minutes-sha256", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Findings, f => f.Text.Contains("minutes.html is not what", StringComparison.Ordinal));
    }

    /// <summary>In a real browser: a page that is printed has pages, and a scanner reads from it the digests that the records have.</summary>
    [Fact]
    [Trait("tier", "full")]
    public void Page_InABrowser_IsReadByAScanner()
    {
        using var copy = scene.Copy();
        var (shot, print) = (copy.Folder.Root + "-page.png", copy.Folder.Root + "-page.pdf");
        Run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,8000", $"--screenshot={shot}", $"file://{copy.Folder.Minutes}");
        Run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", $"--print-to-pdf={print}", $"file://{copy.Folder.Minutes}");
        Assert.StartsWith("%PDF-", Encoding.ASCII.GetString(File.ReadAllBytes(print)), StringComparison.Ordinal);
        var report = scene.Ceremony.Verify();
        var wanted = report.Records.Where(r => r.Kind == RecordKinds.Certificate).Select(r => r["sha256"]!).Append(scene.Plan.Sha256).Append(report.Head).Distinct().Select(d => $"SHA256:{d.ToUpperInvariant()}").Order(StringComparer.Ordinal);
        Assert.Equal(wanted, Run("zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", shot).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    private static TranscriptRecord Record(int number, string kind, params (string Name, string? Value)[] facts)
    {
        var time = new DateTimeOffset(2026, 11, 26, 9, 0, number, TimeSpan.Zero);
        var header = ImmutableArray.Create<KeyValuePair<string, string>>(new("ceremony", "x"), new("number", "0"), new("time", "x"), new("record", kind), new("previous", Digest));
        return new TranscriptRecord(number, kind, "x", Digest, time, new FactSheet("agentpki-transcript/1", [.. header, .. facts.Select(f => KeyValuePair.Create(f.Name, f.Value!))]));
    }

    private static string Grouped(string digest) => string.Join(' ', digest.Chunk(4).Select(c => new string(c)));

    private static string Words(string digest) => Proquints.Encode(Convert.FromHexString(digest)).Replace('-', ' ');

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }) ?? throw new InvalidOperationException($"{program} did not start.");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {error.GetAwaiter().GetResult()}");
        return output;
    }
}
