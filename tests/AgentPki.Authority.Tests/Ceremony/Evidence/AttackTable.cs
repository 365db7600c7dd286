using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>Attacks on evidence. Both judges refuse each of them, with the reason.</summary>
internal static class AttackTable
{
    private const string Digest = "00000000000000000000000000000000000000000000000000000000000000aa";

    public static IReadOnlyList<Attack> All { get; } = [.. OnFiles(), .. OnApprovals(), .. OnRecords(), .. OnTheEnd()];

    private static IEnumerable<Attack> OnFiles()
    {
        yield return Attack.OnFiles("first record removed", "there is no record", c => Remove(c, 0), "records/000000.txt is missing");
        yield return Attack.OnFiles("middle record removed", "records/000011.txt belongs to no record", c => Remove(c, 10), "records/000011.txt is named by no record");
        yield return Attack.OnFiles("last record removed", "the ceremony is not closed", c => Remove(c, Count(c) - 1));
        yield return Attack.OnFiles("record removed and the rest renumbered", "does not follow the record before it", RemoveAndRenumber);
        yield return Attack.OnFiles("records reordered", "records were exchanged or removed", c => Exchange(c, 10, 11));
        yield return Attack.OnFiles("record repeated", "records were exchanged or removed", c => Copy(c, 11, 12));
        yield return Attack.OnFiles("record's signature exchanged", "is not signed by the transcript's key", c => File.Copy(c.Folder.RecordSignature(3), c.Folder.RecordSignature(4), overwrite: true));
        yield return Attack.OnFiles("record's signature removed", "is not signed by the transcript's key", c => File.Delete(c.Folder.RecordSignature(4)));
        yield return Attack.OnFiles("signature of no record", "belongs to no record", c => File.Copy(c.Folder.RecordSignature(3), c.Folder.RecordSignature(Count(c))), "is named by no record");
        yield return Attack.OnFiles("scratch file", "belongs to no record", c => File.WriteAllText(c.PathOf("records/000003.txt.new"), "x"), "is named by no record");
        yield return Attack.OnFiles("script changed", "script.yaml is not the one that the plan was made of", c => File.AppendAllText(c.Folder.Script, "# more\n"));
        yield return Attack.OnFiles("plan changed", "it was changed", c => File.WriteAllText(c.Folder.Plan, File.ReadAllText(c.Folder.Plan).Replace("title: A test", "title: A feast", StringComparison.Ordinal)));
        yield return Attack.OnFiles("officer's key exchanged beside the plan", "officers/alice.pem is not the key that the plan has", c => File.Copy(c.PathOf("officers/bob.pem"), c.PathOf("officers/alice.pem"), overwrite: true));
        yield return Attack.OnFiles("certificate exchanged", "artifacts/root.der is not the file that record", c => File.Copy(c.PathOf("artifacts/issuing.der"), c.PathOf("artifacts/root.der"), overwrite: true));
        yield return Attack.OnFiles("certificate removed", "artifacts/root.der, which record", c => File.Delete(c.PathOf("artifacts/root.der")));
        yield return Attack.OnFiles("share of another ceremony put in", "artifacts/pin-main.sealed.json is not the file", c => File.Copy(c.PathOf("artifacts/so-pin-main.sealed.json"), c.PathOf("artifacts/pin-main.sealed.json"), overwrite: true));
        yield return Attack.OnFiles("minutes changed", "minutes.html is not what these records", c => File.AppendAllText(c.Folder.Minutes, "<!-- -->"), "has signed for another minutes-sha256");
        yield return Attack.OnFiles("verify.sh exchanged", "minutes.html is not what these records and verify.sh give", c => File.WriteAllText(c.Folder.VerifyScript, "#!/bin/sh\nexit 0\n"), "verify.sh is not the one that the minutes name");
        yield return Attack.OnFiles("verify.sh removed", "verify.sh is missing", c => File.Delete(c.Folder.VerifyScript));
        yield return Attack.OnFiles("file added", "artifacts/more.der is named by no record", c => File.WriteAllText(c.PathOf("artifacts/more.der"), "x"));
        yield return Attack.OnFiles("file added to the ledger", "ledger/more.txt is named by no record", c => File.WriteAllText(c.PathOf("ledger/more.txt"), "x"));
        yield return Attack.OnFiles("hidden file added", ".hidden is named by no record", c => File.WriteAllText(c.PathOf(".hidden"), "x"));
        yield return Attack.OnFiles("folder added", "statements/more is a folder that no ceremony has", c => Directory.CreateDirectory(c.PathOf("statements/more")));
        yield return Attack.OnFiles("link in place of a file", "script.yaml is a link", c => Link(c, c.Folder.Script));
        yield return Attack.OnFiles("link in place of a folder", "artifacts is a link", c => Link(c, c.Folder.Artifacts));
        yield return Attack.OnFiles("name that speaks to the terminal", "a file's name has characters", c => File.WriteAllText(c.PathOf("artifacts/\u001b[2J.der"), "x"));
        yield return Attack.OnFiles("name of two lines", "a file's name has characters", c => File.WriteAllText(c.PathOf("artifacts/root.der\nverify.sh"), "x"));
        yield return Attack.OnFiles("name that a shell would run", "a file's name has characters", c => File.WriteAllText(c.PathOf("statements/close-$(touch x).txt"), "x"));
        yield return Attack.OnFiles("empty file", "script.yaml is empty", c => File.WriteAllText(c.Folder.Script, ""));
        yield return Attack.OnFiles("huge record", "records/000004.txt is longer than any record", c => File.WriteAllBytes(c.Folder.Record(4), new byte[300_000]), "records/000004.txt: it is longer than any record");
        yield return Attack.OnFiles("record that is not text", "records/000004.txt: ", c => File.WriteAllBytes(c.Folder.Record(4), [.. "agentpki-transcript/1\nrecord: a\0b\n"u8]));
        yield return Attack.OnFiles("ledger removed", "the ceremony was not sealed", c => Directory.Delete(c.Folder.Ledger, recursive: true));
        yield return Attack.OnFiles("ledger's checkpoint removed", "ledger/checkpoint.txt is missing", c => File.Delete(c.PathOf("ledger/checkpoint.txt")));
        yield return Attack.OnFiles("ledger's key exchanged", "the ledger's checkpoint is not signed by its key", c => File.Copy(c.PathOf("officers/alice.pem"), c.PathOf("ledger/key.pem"), overwrite: true));
        yield return Attack.OnFiles("ledger's proof of another entry", "ledger/proof.txt is not the proof of that entry", c => Replace(c.PathOf("ledger/proof.txt"), "index: ", "index: 1"));
        yield return Attack.OnFiles("ledger's proof says more", "the ledger's entry is not under its checkpoint", c => File.AppendAllText(c.PathOf("ledger/proof.txt"), "path.9: x\n"));
        yield return Attack.OnFiles("statements of the end removed", "0 of 2 officers have signed the end", RemoveClosers);
        yield return Attack.OnFiles("a statement of the end removed", "1 of 2 officers have signed the end", c => RemoveCloser(c, "bob"));
        yield return Attack.OnFiles("statement of the end under another name", "statements/close-bob.txt is the statement of alice", c => RenameCloser(c, "alice", "bob"));
    }

    private static IEnumerable<Attack> OnApprovals()
    {
        yield return Attack.Forged("too few approve the plan", "step 1 began when 1 of 2 officers had approved the plan", f => f.Records.RemoveAt(f.Find(RecordKinds.PlanApproved)));
        yield return Attack.Forged("nobody approves the plan", "began when 0 of 2 officers had approved the plan", f => f.Records.RemoveAll(r => r.Kind == RecordKinds.PlanApproved));
        yield return Attack.Forged("too few approve a step", "was made when 1 officers had approved step 1; the plan wants 2", f => f.Records.RemoveAt(f.Find(RecordKinds.StepApproved)));
        yield return Attack.Forged("too few for the quorum of a step", "was made when 2 officers had approved step 4; the plan wants 3", f => f.Records.RemoveAt(f.Find(RecordKinds.StepApproved, 8)));
        yield return Attack.Forged("the same officer twice", "alice counts already: a second officer is needed", f => f.Change(RecordKinds.StepApproved, d => d.With("officer", "alice"), 1), only: false);
        yield return Attack.Forged("approved after it was done", "was made when 1 officers had approved step 1", f => Move(f, f.Find(RecordKinds.StepApproved, 1), f.Find(RecordKinds.TokenInitialised)));
        yield return Attack.Forged("approval for another plan", "has signed for another plan-sha256", f => f.Change(RecordKinds.StepApproved, d => d with { About = a => Set(a, "plan-sha256", Digest) }), only: false);
        yield return Attack.Forged("approval for another ceremony", "has signed for another ceremony", f => f.Change(RecordKinds.PlanApproved, d => d with { About = a => Set(a, "ceremony", Digest[32..]) }), only: false);
        yield return Attack.Forged("approval for another step", "has signed for another step: 2, not 1", f => f.Change(RecordKinds.StepApproved, d => d with { About = a => Set(a, "step", "2") }), only: false);
        yield return Attack.Forged("approval of an earlier try", "has signed for another head-sha256", f => f.Change(RecordKinds.StepApproved, d => d with { About = a => Set(a, "head-sha256", Digest) }), only: false);
        yield return Attack.Forged("approval that says more", "says more than was asked", f => f.Change(RecordKinds.StepApproved, d => d with { About = a => [.. a, ("and", "more")] }), only: false);
        yield return Attack.Forged("approval of the plan for a step", "has signed 'approve-plan', not 'approve-step'", f => f.Change(RecordKinds.StepApproved, d => d with { StatementKind = StatementKinds.ApprovePlan }), only: false);
        yield return Attack.Forged("replayed approval", "has signed 'approve-plan', not 'approve-step'", f => f.Change(RecordKinds.StepApproved, d => d with { Replace = _ => f.StatementOf(f.Records[f.Find(RecordKinds.PlanApproved)]) }), only: false);
        yield return Attack.Forged("approval replayed from another step", "has signed for another step: 1, not 2", f => f.Change(RecordKinds.StepApproved, d => d with { Replace = _ => f.StatementOf(f.Records[f.Find(RecordKinds.StepApproved)]) }, 2), only: false);
        yield return Attack.Forged("approval under the name of another", "names alice, and the approval is another officer's", f => f.Change(RecordKinds.PlanApproved, d => d with { Signer = "carol" }));
        yield return Attack.Forged("statement of one signed by another", "the statement was changed, or somebody else signed it", f => f.Change(RecordKinds.PlanApproved, d => d with { Replace = s => new SignedStatement(System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(s.Text.Span).Replace("2026", "2025", StringComparison.Ordinal)), s.Signature) }), only: false);
        yield return Attack.Forged("statement of nobody", "'mallory' is no officer of this roster", f => f.Change(RecordKinds.PlanApproved, d => d with { Replace = s => new SignedStatement(System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(s.Text.Span).Replace("officer: alice", "officer: mallory", StringComparison.Ordinal)), s.Signature) }), only: false);
        yield return Attack.Forged("transcript's key exchanged and all signed again", "has signed for another transcript-key-sha256", f =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            f.TranscriptKey = key.ExportPkcs8PrivateKey();
            for (var i = 0; i < f.Records.Count; i++)
            {
                var original = f.Records[i];
                f.Records[i] = original.Kind == RecordKinds.PlanApproved ? original with { Replace = _ => f.StatementOf(original) } : original;
            }
        }, only: false);
    }

    private static IEnumerable<Attack> OnRecords()
    {
        yield return Attack.Forged("record inserted", "(object) was made when 0 officers had approved step (none)", f => f.Records.Insert(f.Find(RecordKinds.StepBegun, 1), new Draft(RecordKinds.Object, f.Records[0].Time, [("what", "more")])));
        yield return Attack.Forged("record of a kind that nobody knows", "(miracle) was made when 0 officers", f => f.Records.Insert(f.Find(RecordKinds.StepBegun), new Draft("miracle", f.Records[0].Time, [])));
        yield return Attack.Forged("something done after the step", "was made when 0 officers had approved step 1", f => Move(f, f.Find(RecordKinds.TokenInitialised), f.Find(RecordKinds.StepDone)));
        yield return Attack.Forged("step left out", "where step 2 of the plan belongs", f => f.Records.RemoveAll(r => r["step"] == "2"), only: false);
        yield return Attack.Forged("step not finished", "where step 2 of the plan belongs", f => f.Records.RemoveAt(f.Find(RecordKinds.StepDone, 1)), only: false);
        yield return Attack.Forged("last step left out", "the ceremony is closed, and step 4 was not done", f => f.Records.RemoveAll(r => r["step"] == "4"), only: false);
        yield return Attack.Forged("approval of what had not begun", "approves step 4, which had not begun", f => Move(f, f.Find(RecordKinds.StepApproved, 6), f.Find(RecordKinds.StepBegun, 3)), only: false);
        yield return Attack.Forged("opened twice", "the ceremony is opened twice", f => f.Records.Insert(1, f.Records[0]));
        yield return Attack.Forged("not opened", "the first record does not open this ceremony", f => f.Records.RemoveAt(0), only: false);
        yield return Attack.Forged("token exchanged", "token 'main' has the serial number 0002; earlier it had 0001: it was exchanged", f => f.Records.Insert(f.Find(RecordKinds.Key, 1), new Draft(RecordKinds.Token, f.Records[0].Time, [("step", "3"), ("token", "main"), ("serial", "0002")])));
        yield return Attack.Forged("key from nowhere", "no record says where the key of", f => f.Records.RemoveAll(r => r.Kind == RecordKinds.Key && r["owner"] == "root"));
        yield return Attack.Forged("certificate that its issuer did not sign", "is not signed by", f => f.Change(RecordKinds.Certificate, d => WithOtherSignature(d, f), 2), only: false);
        yield return Attack.Forged("certificate whose issuer is not here", "is not here", f => f.Records.RemoveAll(r => r.Kind == RecordKinds.Certificate && r["authority"] == "root"), only: false);
        yield return Attack.Forged("record that describes another key", "does not describe artifacts/issuing.der", f => f.Change(RecordKinds.Certificate, d => d.With("public-key-sha256", Digest), 2), only: false);
        yield return Attack.Forged("file out of the folder", "../secrets/transcript.key, which record", f => f.Change(RecordKinds.SecretSealed, d => d.With("file", "../secrets/transcript.key")), only: false);
    }

    /// <summary>On evidence with a request and a CRL (<see cref="ObjectScene"/>).</summary>
    public static IReadOnlyList<Attack> OnObjects { get; } =
    [
        Attack.Forged("request that its key did not sign", "artifacts/second.csr is not signed by its own key", f => f.Change(RecordKinds.Object, d => WithOtherSignature(d, f)), only: false),
        Attack.Forged("request of another key than recorded", "does not describe artifacts/second.csr", f => f.Change(RecordKinds.Object, d => d.With("public-key-sha256", Digest))),
        Attack.Forged("file that is no request", "artifacts/second.csr is no certification request", f => f.Change(RecordKinds.Object, d => WithContent(d, f, "no request"u8)), only: false),
        Attack.Forged("CRL that its issuer did not sign", "artifacts/root-1.crl is not signed by its issuer", f => f.Change(RecordKinds.Object, d => WithOtherSignature(d, f), 1), only: false),
        Attack.Forged("CRL with another number than recorded", "does not describe artifacts/root-1.crl", f => f.Change(RecordKinds.Object, d => d.With("crl-number", "7"), 1)),
        Attack.Forged("CRL whose issuer is not here", "the certificate of the issuer of artifacts/root-1.crl is not here", f => f.Records.RemoveAll(r => r.Kind == RecordKinds.Certificate), only: false),
        Attack.Forged("old root under the new one, signed by nobody", "is not signed by", f => f.Records[f.Records.FindIndex(r => r["authority"] == "root-2-old-with-new")] = WithOtherSignature(f.Records.First(r => r["authority"] == "root-2-old-with-new"), f), "artifacts/root-2-old-with-new.der is not signed by its issuer", only: false),
        Attack.Forged("new root under the old one, signed by nobody", "is not signed by", f => f.Records[f.Records.FindIndex(r => r["authority"] == "root-2-new-with-old")] = WithOtherSignature(f.Records.First(r => r["authority"] == "root-2-new-with-old"), f), "artifacts/root-2-new-with-old.der is not signed by its issuer", only: false),
        Attack.Forged("file that is no CRL", "artifacts/root-1.crl is no CRL", f => f.Change(RecordKinds.Object, d => WithContent(d, f, "no CRL"u8), 1), only: false),
    ];

    private static IEnumerable<Attack> OnTheEnd()
    {
        yield return Attack.Forged("end removed", "the ceremony is not closed: 4 of 4 steps are done", f => f.Records.RemoveAt(f.Records.Count - 1), only: false);
        yield return Attack.Forged("records after the end", "there are records after the end", f => f.Records.Add(new Draft(RecordKinds.Note, f.Records[^1].Time, [("what", "more")])), only: false);
        yield return Attack.Forged("two ends", "there are records after the end", f => f.Records.Add(f.Records[^1]));
        yield return Attack.Forged("a step after the end", "there are records after the end", f => Move(f, f.Records.Count - 1, f.Find(RecordKinds.StepBegun, 3)), only: false);
        yield return Attack.Forged("end signed by too few", "1 of 2 officers have signed the end", f => f.Closers.Remove("bob"));
        yield return Attack.Forged("end not signed again", "has signed for another head-sha256", f => (f.IsEndWritten, f.Records[^1]) = (false, f.Records[^1].With("steps", "5")), only: false);
        yield return Attack.Forged("ledger's entry of another transcript", "the ledger's entry is of another ceremony, plan or transcript", f => (f.IsSealed, f.Records[^1]) = (false, f.Records[^1].With("steps", "5")));
        yield return Attack.Forged("ledger's head signed by another key", "the ledger's checkpoint is signed by another key than the one that this ceremony made", f => f.Change(RecordKinds.Key, d => d.With("public-key-sha256", Digest)));
        yield return Attack.Forged("quorum of a step below two", "a quorum of 1 for step 2 is none", f => f.Plan = f.Plan with { Steps = f.Plan.Steps.SetItem(1, f.Plan.Steps[1] with { Quorum = 1 }) });
    }

    private static int Count(EvidenceCopy copy) => Directory.EnumerateFiles(copy.Folder.Records, "*.txt").Count();

    private static void Remove(EvidenceCopy copy, int number)
    {
        File.Delete(copy.Folder.Record(number));
        File.Delete(copy.Folder.RecordSignature(number));
    }

    private static void Copy(EvidenceCopy copy, int from, int to)
    {
        File.Copy(copy.Folder.Record(from), copy.Folder.Record(to), overwrite: true);
        File.Copy(copy.Folder.RecordSignature(from), copy.Folder.RecordSignature(to), overwrite: true);
    }

    private static void Exchange(EvidenceCopy copy, int one, int other)
    {
        var scratch = Count(copy);
        Copy(copy, one, scratch);
        Copy(copy, other, one);
        Copy(copy, scratch, other);
        Remove(copy, scratch);
    }

    private static void RemoveAndRenumber(EvidenceCopy copy)
    {
        var count = Count(copy);
        for (var number = 10; number < count - 1; number++)
        {
            Copy(copy, number + 1, number);
        }

        Remove(copy, count - 1);
    }

    private static void Link(EvidenceCopy copy, string path)
    {
        var elsewhere = copy.Folder.Root + "-elsewhere";
        if (Directory.Exists(path))
        {
            Directory.Move(path, elsewhere);
            Directory.CreateSymbolicLink(path, elsewhere);
        }
        else
        {
            File.Move(path, elsewhere);
            File.CreateSymbolicLink(path, elsewhere);
        }
    }

    private static void Replace(string path, string what, string with) => File.WriteAllText(path, File.ReadAllText(path).Replace(what, with, StringComparison.Ordinal));

    private static void RemoveCloser(EvidenceCopy copy, string name)
    {
        File.Delete(copy.PathOf($"statements/close-{name}.txt"));
        File.Delete(copy.PathOf($"statements/close-{name}.sig"));
    }

    private static void RemoveClosers(EvidenceCopy copy)
    {
        RemoveCloser(copy, "alice");
        RemoveCloser(copy, "bob");
    }

    private static void RenameCloser(EvidenceCopy copy, string from, string to)
    {
        RemoveCloser(copy, to);
        File.Move(copy.PathOf($"statements/close-{from}.txt"), copy.PathOf($"statements/close-{to}.txt"));
        File.Move(copy.PathOf($"statements/close-{from}.sig"), copy.PathOf($"statements/close-{to}.sig"));
    }

    private static void Move(Forger forger, int from, int to)
    {
        var record = forger.Records[from];
        forger.Records.RemoveAt(from);
        forger.Records.Insert(to, record);
    }

    private static (string Name, string Value)[] Set((string Name, string Value)[] about, string name, string value) => [.. about.Select(a => a.Name == name ? (name, value) : a)];

    private static Draft WithOtherSignature(Draft draft, Forger forger)
    {
        var content = forger.ReadFile(draft["file"]!);
        content[^3] ^= 1;
        return WithContent(draft, forger, content);
    }

    // The file is changed, and the record names it as it is then.
    internal static Draft WithContent(Draft draft, Forger forger, ReadOnlySpan<byte> content)
    {
        forger.WriteFile(draft["file"]!, content.ToArray());
        return draft.With("sha256", Convert.ToHexStringLower(SHA256.HashData(content)));
    }
}
