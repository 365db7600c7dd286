using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>
/// Verifies a ceremony's folder and needs nothing else: no store, no token, no network. Every file is read, every signature verified, every link followed;
/// everything that is wrong is named.
/// </summary>
public sealed class EvidenceVerifier
{
    private readonly EvidenceFolder _folder;
    private readonly CryptoProviders _providers;
    private readonly List<EvidenceFinding> _findings = [];
    private readonly IReadOnlySet<string> _files;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private EvidenceVerifier(EvidenceFolder folder, CryptoProviders providers, IReadOnlySet<string> files) => (_folder, _providers, _files) = (folder, providers, files);

    /// <param name="planSha256">The digest that somebody who was there knows; null: the folder is taken at its word.</param>
    public static EvidenceReport Verify(EvidenceFolder folder, CryptoProviders providers, string? planSha256 = null)
    {
        var listing = EvidenceListing.Read(folder);
        return listing.Problems.Count > 0
            ? new EvidenceReport(null, [], "", [], [.. listing.Problems.Select(p => new EvidenceFinding(true, p))])
            : new EvidenceVerifier(folder, providers, listing.Files).Run(planSha256);
    }

    /// <summary>The files that records name, relative: statements with their signatures, and what the steps made.</summary>
    internal static HashSet<string> NamedBy(IReadOnlyList<TranscriptRecord> records) =>
        [.. records.SelectMany(r => new[] { r["file"], r["statement"], r["statement"] is { } text ? Path.ChangeExtension(text, ".sig") : null }).OfType<string>()];

    private EvidenceReport Run(string? planSha256)
    {
        // 1. The plan, and the key that signs the records.
        if (ReadPlan(planSha256) is not { } plan || ReadKey() is not { } key)
        {
            return new EvidenceReport(null, [], "", [], _findings);
        }

        // 2. The chain.
        var chain = RecordChain.Read(_folder, key, _providers);
        chain.Problems.ToList().ForEach(Problem);
        chain.Leftovers.ToList().ForEach(path => Problem($"{_folder.Relative(path)} belongs to no record: it was added, or left when the power went and never taken up"));
        if (chain.Records.Count == 0)
        {
            Problem("there is no record");
            return new EvidenceReport(plan, [], chain.Head, [], _findings);
        }

        // 3. What the records say, in their order.
        CheckOpening(plan, key, chain.Records);
        CheckOfficers(plan);
        new ApprovalCheck(plan, _folder, _providers, Convert.ToHexStringLower(key.Fingerprint()), Problem).Run(chain.Records);
        CheckSteps(plan, chain.Records);
        new ArtifactCheck(_folder, _files, _providers, Problem, Remark).Run(chain.Records);
        new OfficeCheck(_folder, _providers, Read, Problem).Run(chain.Records);
        TokenCheck.Run(chain.Records, Problem);
        CheckTimes(chain.Records);

        // 4. The end: minutes, officers, ledger.
        var closers = CheckEnd(plan, chain);
        new LedgerProofCheck(_folder, _providers, Read, Problem, Remark).Run(
            plan, chain.Head, _files.Contains("minutes.html") ? TranscriptRecord.DigestOf(File.ReadAllBytes(_folder.Minutes)) : "", chain.Records.LastOrDefault(r => r.Kind == RecordKinds.Key && r["owner"] == LedgerKeyOwner)?["public-key-sha256"]);
        CheckStrangers(chain.Records);
        return new EvidenceReport(plan, chain.Records, chain.Head, closers, _findings);
    }

    /// <summary>What records call the key that signs the ledger's checkpoints.</summary>
    private const string LedgerKeyOwner = "checkpoint";

    private const long LongestFile = 64 << 20;

    private CeremonyPlan? ReadPlan(string? planSha256)
    {
        if (Read(_folder.Plan) is not { } text)
        {
            return null;
        }

        if (!CeremonyPlan.TryParse(text, _providers, out var plan, out var problem))
        {
            Problem($"plan.txt cannot be read: {problem}");
            return null;
        }

        if (planSha256 is not null && planSha256 != plan.Sha256)
        {
            Problem($"the plan's digest is {plan.Sha256}, and not {planSha256}: it is another plan than the one that was approved");
        }

        if (Read(_folder.Script) is { } script && Convert.ToHexStringLower(SHA256.HashData(script)) != plan.ScriptSha256)
        {
            Problem("script.yaml is not the one that the plan was made of: it was changed");
        }

        return plan;
    }

    private PublicKey? ReadKey()
    {
        if (Read(_folder.TranscriptKey) is not { } pem)
        {
            return null;
        }

        var text = System.Text.Encoding.UTF8.GetString(pem);
        if (PemBlocks.Read(text, "PUBLIC KEY").ToList() is [var der] && PublicKey.TryParse(der, out var key, out _) && key.Algorithm == KeyAlgorithm.EcdsaP256 && PemEncoding.WriteString("PUBLIC KEY", der) + "\n" == text)
        {
            return key;
        }

        Problem("transcript.pem is not the public key of a transcript");
        return null;
    }

    private void CheckOpening(CeremonyPlan plan, PublicKey key, IReadOnlyList<TranscriptRecord> records)
    {
        var first = records[0];
        if (first.Kind != RecordKinds.Opened || first.Ceremony != plan.Id)
        {
            Problem("the first record does not open this ceremony");
        }

        if (first["plan-sha256"] != plan.Sha256)
        {
            Problem("the plan is not the one that the ceremony was opened with: it was changed");
        }

        if (first["transcript-key-sha256"] != Convert.ToHexStringLower(key.Fingerprint()))
        {
            Problem("transcript.pem is not the key that the ceremony was opened with");
        }

        if (records.Skip(1).Any(r => r.Kind == RecordKinds.Opened))
        {
            Problem("the ceremony is opened twice");
        }
    }

    private void CheckOfficers(CeremonyPlan plan)
    {
        foreach (var officer in plan.Roster.Officers)
        {
            var wanted = PemEncoding.WriteString("PUBLIC KEY", officer.SigningKey.SubjectPublicKeyInfo.Span) + "\n";
            if (Read(Path.Combine(_folder.Officers, officer.Name + ".pem")) is { } pem && System.Text.Encoding.UTF8.GetString(pem) != wanted)
            {
                Problem($"officers/{officer.Name}.pem is not the key that the plan has");
            }
        }
    }

    private void CheckSteps(CeremonyPlan plan, IReadOnlyList<TranscriptRecord> records)
    {
        var next = 1;
        foreach (var record in records.Where(r => r.Kind is RecordKinds.StepBegun or RecordKinds.StepDone))
        {
            if (!int.TryParse(record["step"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number != next || number > plan.Steps.Length || record["kind"] != plan.Steps[number - 1].Kind.Name)
            {
                Problem($"record {record.Number} is of step {record["step"]} ({record["kind"]}), where step {next} of the plan belongs");
                return;
            }

            next += record.Kind == RecordKinds.StepDone ? 1 : 0;
        }

        var closed = records.Any(r => r.Kind == RecordKinds.Closed);
        if (closed && next != plan.Steps.Length + 1)
        {
            Problem($"the ceremony is closed, and step {next} was not done");
        }

        // An end that the quorum did not sign may be taken up, and ends again; nothing else is done after it.
        if (records.SkipWhile(r => r.Kind != RecordKinds.Closed).Any(r => r.Kind is not (RecordKinds.Closed or RecordKinds.Resumed)) || (closed && records[^1].Kind != RecordKinds.Closed)
            || records.Zip(records.Skip(1)).Any(pair => pair is { First.Kind: RecordKinds.Closed, Second.Kind: RecordKinds.Closed }))
        {
            Problem("there are records after the end");
        }

        if (!closed)
        {
            Problem($"the ceremony is not closed: {next - 1} of {plan.Steps.Length} steps are done");
        }
    }

    private void CheckTimes(IReadOnlyList<TranscriptRecord> records)
    {
        for (var i = 1; i < records.Count; i++)
        {
            if (records[i].Time < records[i - 1].Time)
            {
                Remark($"the clock was set back before record {i} ({records[i - 1].Time:HH:mm:ss} to {records[i].Time:HH:mm:ss})");
            }
        }
    }

    private List<string> CheckEnd(CeremonyPlan plan, RecordChain chain)
    {
        if (chain.Records[^1].Kind != RecordKinds.Closed || Read(_folder.Minutes) is not { } minutes)
        {
            return [];
        }

        if (Read(_folder.VerifyScript) is { } script)
        {
            CheckMinutes(plan, chain, minutes, TranscriptRecord.DigestOf(script));
        }

        var count = new QuorumCount(plan.Roster, _providers, StatementKinds.Close, StatementKinds.OfEnd(plan, chain.Head, TranscriptRecord.DigestOf(minutes)));
        foreach (var path in ClosingStatements())
        {
            if (Read(path) is not { } text || Read(Path.ChangeExtension(path, ".sig")) is not { } signature)
            {
                continue;
            }

            if (count.Add(new SignedStatement(text, signature)) is { } problem)
            {
                Problem($"{_folder.Relative(path)}: {problem}");
            }
            else if (Path.GetFileName(path) != $"{StatementFiles.ClosePrefix}{count.Officers.Last()}.txt")
            {
                Problem($"{_folder.Relative(path)} is the statement of {count.Officers.Last()}");
            }
        }

        if (!count.IsMet())
        {
            Problem($"{count.Officers.Count} of {plan.Roster.Quorum} officers have signed the end");
        }

        return [.. count.Officers];
    }

    private void CheckMinutes(CeremonyPlan plan, RecordChain chain, byte[] minutes, string verifyScript)
    {
        if (!CeremonyMinutes.IsOfThisVersion(minutes))
        {
            // Ten years later they are what the officers signed, which their statements say.
            Remark("minutes.html was written by another version of this program, which this one does not write again; the officers' signatures are over it as it is");
        }
        else if (!CeremonyMinutes.Write(plan, chain.Records, chain.Head, verifyScript).AsSpan().SequenceEqual(minutes))
        {
            Problem("minutes.html is not what these records and verify.sh give: one of them was changed");
        }
    }

    private IEnumerable<string> ClosingStatements() => _files.Where(f => f.StartsWith($"statements/{StatementFiles.ClosePrefix}", StringComparison.Ordinal) && f.EndsWith(".txt", StringComparison.Ordinal)).Select(f => Path.Combine(_folder.Root, f));

    // Whatever nothing names proves nothing, and may be there to deceive a reader.
    private void CheckStrangers(IReadOnlyList<TranscriptRecord> records)
    {
        var named = NamedBy(records);
        foreach (var relative in _files.Where(f => !_known.Contains(f) && !named.Contains(f) && !f.StartsWith("records/", StringComparison.Ordinal)))
        {
            Problem($"{relative} is named by no record: it was added, or what named it was removed");
        }
    }

    private byte[]? Read(string path)
    {
        var relative = _folder.Relative(path);
        _known.Add(relative);
        if (!_files.Contains(relative))
        {
            Problem($"{relative} is missing");
            return null;
        }

        if (new FileInfo(path).Length > LongestFile)
        {
            Problem($"{relative} is longer than any such file");
            return null;
        }

        return File.ReadAllBytes(path);
    }

    private void Problem(string text) => _findings.Add(new EvidenceFinding(true, text));

    private void Remark(string text) => _findings.Add(new EvidenceFinding(false, text));
}
