using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>A record that is to be written, and who signs its statement about what.</summary>
internal sealed record Draft(string Kind, DateTimeOffset Time, ImmutableArray<(string Name, string? Value)> Facts)
{
    /// <summary>Null: the officer that the record names.</summary>
    public string? Signer { get; init; }

    /// <summary>Null: what belongs there.</summary>
    public Func<(string Name, string Value)[], (string Name, string Value)[]>? About { get; init; }

    public string? StatementKind { get; init; }

    public Func<SignedStatement, SignedStatement>? Replace { get; init; }

    public string? this[string name] => Facts.FirstOrDefault(f => f.Name == name).Value;

    public Draft With(string name, string? value) => this with { Facts = Facts.Any(f => f.Name == name) ? [.. Facts.Select(f => f.Name == name ? (name, value) : f)] : Facts.Add((name, value)) };
}

/// <summary>
/// Writes evidence again, with every key there is: records linked, signed, approvals and end signed, minutes, ledger. Whoever has all that can forge
/// anything; tests change one thing, so that exactly this is what must be found.
/// </summary>
internal sealed class Forger
{
    private readonly EvidenceCopy _copy;

    public Forger(EvidenceCopy copy)
    {
        _copy = copy;
        Plan = copy.Scene.Plan;
        TranscriptKey = copy.Scene.TranscriptKey;
        Records = [.. copy.Scene.Ceremony.Verify().Records.Select(r => new Draft(r.Kind, r.Time, [.. r.Sheet.Facts.Skip(5).Select(f => (f.Key, (string?)f.Value))]))];
    }

    public CeremonyPlan Plan { get; set; }

    public byte[] TranscriptKey { get; set; }

    public List<Draft> Records { get; set; }

    public List<string> Closers { get; } = ["alice", "bob"];

    public bool IsEndWritten { get; set; } = true;

    public bool IsSealed { get; set; } = true;

    public int Find(string kind, int which = 0) => Records.Select((r, i) => (r, i)).Where(p => p.r.Kind == kind).ElementAt(which).i;

    public void Change(string kind, Func<Draft, Draft> change, int which = 0) => Records[Find(kind, which)] = change(Records[Find(kind, which)]);

    /// <summary>The statement of a record as it was made.</summary>
    public SignedStatement StatementOf(Draft draft) => new(File.ReadAllBytes(_copy.Scene.Ceremony.Folder.Root + "/" + draft["statement"]), File.ReadAllBytes(Path.ChangeExtension(_copy.Scene.Ceremony.Folder.Root + "/" + draft["statement"], ".sig")));

    public byte[] ReadFile(string relative) => File.ReadAllBytes(_copy.PathOf(relative));

    public void WriteFile(string relative, byte[] content) => File.WriteAllBytes(_copy.PathOf(relative), content);

    public async Task WriteAsync()
    {
        var folder = _copy.Folder;
        foreach (var path in Directory.EnumerateFiles(folder.Records).Concat(Directory.EnumerateFiles(folder.Statements)).Where(p => IsEndWritten || !Path.GetFileName(p).StartsWith(StatementFiles.ClosePrefix, StringComparison.Ordinal)).ToList())
        {
            File.Delete(path);
        }

        await using var key = SoftwareKeys.ImportSigningKey("transcript", KeyPurpose.CeremonyTranscript, TranscriptKey);
        var fingerprint = Convert.ToHexStringLower(key.PublicKey.Fingerprint());
        File.WriteAllText(folder.TranscriptKey, PemEncoding.WriteString("PUBLIC KEY", key.PublicKey.SubjectPublicKeyInfo.Span) + "\n");
        File.WriteAllBytes(folder.Plan, Plan.Encode());
        var (head, begun, written) = (TranscriptRecord.Nothing, "", new List<TranscriptRecord>());
        foreach (var draft in Records)
        {
            var facts = draft.Kind == RecordKinds.Opened ? draft.With("plan-sha256", Plan.Sha256).With("transcript-key-sha256", fingerprint).Facts : draft.Facts;
            if (draft["statement"] is not null)
            {
                var signed = await SignAsync(draft, begun, fingerprint);
                facts = [.. facts.TakeWhile(f => f.Name != "statement"), .. StatementFiles.Keep(folder, written.Count, draft["officer"]!, signed)];
            }

            var encoded = TranscriptRecord.ToSheet(Plan.Id, written.Count, draft.Time, draft.Kind, head, facts.AsSpan()).Encode();
            File.WriteAllBytes(folder.Record(written.Count), encoded);
            File.WriteAllBytes(folder.RecordSignature(written.Count), await key.SignAsync(SignatureAlgorithm.EcdsaSha256, encoded, CancellationToken.None));
            written.Add(TranscriptRecord.Parse(encoded, out _)!);
            head = TranscriptRecord.DigestOf(encoded);
            begun = draft.Kind == RecordKinds.StepBegun ? head : begun;
        }

        if (IsEndWritten)
        {
            await EndAsync(written, head);
        }
    }

    private async Task EndAsync(List<TranscriptRecord> records, string head)
    {
        var folder = _copy.Folder;
        var minutes = CeremonyMinutes.Write(Plan, records, head, TranscriptRecord.DigestOf(File.ReadAllBytes(folder.VerifyScript)));
        File.WriteAllBytes(folder.Minutes, minutes);
        foreach (var closer in Closers)
        {
            await using var officer = _copy.Scene.Ceremony.Officers.Open(closer);
            StatementFiles.Keep(folder, StatementFiles.ClosePrefix + closer, await officer.SignAsync(Statement(StatementKinds.Close, StatementKinds.OfEnd(Plan, head, TranscriptRecord.DigestOf(minutes))), CancellationToken.None));
        }

        if (IsSealed)
        {
            var seal = await LedgerSeal.CommitAsync(_copy.Scene.Ceremony.Home.Environment, "", Plan, head, TranscriptRecord.DigestOf(minutes), Closers, CancellationToken.None);
            seal.Write(folder);
        }
    }

    private async Task<SignedStatement> SignAsync(Draft draft, string begun, string fingerprint)
    {
        var about = draft.Kind == RecordKinds.PlanApproved ? StatementKinds.OfPlan(Plan, fingerprint) : StatementKinds.OfStep(Plan, Plan.Steps[int.Parse(draft["step"]!, CultureInfo.InvariantCulture) - 1], begun);
        var kind = draft.StatementKind ?? (draft.Kind == RecordKinds.PlanApproved ? StatementKinds.ApprovePlan : StatementKinds.ApproveStep);
        await using var officer = _copy.Scene.Ceremony.Officers.Open(draft.Signer ?? draft["officer"]!);
        var signed = await officer.SignAsync(Statement(kind, draft.About?.Invoke(about) ?? about), CancellationToken.None);
        return draft.Replace?.Invoke(signed) ?? signed;
    }

    private OfficerStatement Statement(string kind, (string Name, string Value)[] about) =>
        OfficerStatement.Of(kind, _copy.Scene.Ceremony.Time.GetUtcNow(), [.. about.Select(a => (a.Name, (string?)a.Value))]);
}
