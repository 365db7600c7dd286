using System.Globalization;
using AgentPki.Authority.Ceremony.Evidence.Minutes;
using AgentPki.Authority.Ceremony.Scripts;
using static AgentPki.Authority.Ceremony.Evidence.Minutes.MinutesPage;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>
/// The minutes of a ceremony, as people read, print (A4) and sign them on paper. They are made of the plan and the records and of nothing else, so that
/// whoever has these can write them again and compare; the officers sign their digest with the end.
/// </summary>
internal sealed class CeremonyMinutes
{
    // Another number whenever the same records give another page: older minutes then are taken as the officers signed them.
    private const string Version = "<!-- agentpki-minutes/1 -->\n";

    private readonly CeremonyPlan _plan;
    private readonly IReadOnlyList<TranscriptRecord> _records;
    private readonly MinutesPage _page;

    private CeremonyMinutes(CeremonyPlan plan, IReadOnlyList<TranscriptRecord> records)
    {
        (_plan, _records) = (plan, records);
        _page = new MinutesPage(Version, $"{plan.Title}: minutes of a key ceremony");
    }

    /// <summary>Whether this program wrote these minutes, or one that writes the same.</summary>
    public static bool IsOfThisVersion(ReadOnlySpan<byte> minutes) => minutes.StartsWith(System.Text.Encoding.UTF8.GetBytes("<!DOCTYPE html>\n" + Version));

    /// <param name="head">SHA-256 of the last record.</param>
    /// <param name="verifyScript">SHA-256 of the <c>verify.sh</c> beside.</param>
    public static byte[] Write(CeremonyPlan plan, IReadOnlyList<TranscriptRecord> records, string head, string verifyScript) => new CeremonyMinutes(plan, records).Write(head, verifyScript);

    private byte[] Write(string head, string verifyScript)
    {
        // Reading order is the order of the room: what was planned, who was there, what was done, what came of it, what went wrong, how to check it.
        WriteOpening();
        WritePlan();
        WriteOfficers();
        WriteSteps();
        new MinutesResults(_page, _records).Write();
        WriteTroubles();
        WriteEnd(head, verifyScript);
        WriteSignatures();
        return _page.ToArray();
    }

    private void WriteOpening()
    {
        _page.Heading(_plan.Title);
        _page.Paragraph(_plan.Rehearsal ? "Minutes of the REHEARSAL of a key ceremony: what it made is to be thrown away." : "Minutes of a key ceremony", _plan.Rehearsal ? "alarm" : null);
        var first = _records[0];
        _page.Facts(
            ("Appliance", Escape(_plan.Home)),
            ("Ceremony", $"<code>{Escape(_plan.Id)}</code>"),
            ("Begun", Time(first.Time)),
            ("Ended", Time(_records[^1].Time)),
            ("Software", Escape(first["software"] ?? _plan.Software)),
            ("Machine", first["system"] is { } system ? Escape(system) : null));
    }

    private void WritePlan()
    {
        _page.Section("The plan");
        _page.Paragraph(string.Create(CultureInfo.InvariantCulture, $"{_plan.Roster.Quorum} of {_plan.Roster.Officers.Length} officers approved exactly this plan before anything was done. Its digest, which everybody in the room compares with what the screen showed:"));
        _page.Html($"<div class=\"card\"><div>{Digest(_plan.Sha256)}<p>{Words(_plan.Sha256)}</p><p class=\"small\">SHA-256 of plan.txt; the words are the same digest, to be read aloud.</p></div>{QrCode.Svg(_plan.Sha256, "SHA-256 of the plan")}</div>\n");
        _page.Table(["Step", "What", "Quorum"], _plan.Steps.Select(s => (IReadOnlyList<string>)[Text(s.Number), Escape(s.Kind.Describe(s)), Text(s.Quorum)]));
    }

    private void WriteOfficers()
    {
        _page.Section("Who was there");
        var approvals = _records.Where(r => r.Kind is RecordKinds.PlanApproved or RecordKinds.StepApproved).ToLookup(r => r["officer"] ?? "");
        _page.Table(
            ["Officer", "Key", "Approved"],
            _plan.Roster.Officers.Select(o => (IReadOnlyList<string>)
            [
                $"<b>{Escape(o.FullName)}</b><br>{Escape(o.Name)}",
                $"{Escape(o.SigningKey.Algorithm.Name)}<br>{Digest(o.Fingerprint)}",
                approvals.Contains(o.Name) ? string.Join(", ", approvals[o.Name].Select(r => r["step"] is { } step ? $"step {Escape(step)}" : "the plan").Distinct()) : "absent, or did not approve anything",
            ]));
        _page.Paragraph("Others in the room (witnesses, auditors), by hand:");
        _page.Table(["Name", "Organisation and role"], Enumerable.Repeat<IReadOnlyList<string>>(["&nbsp;", "&nbsp;"], 3), "line");
    }

    private void WriteSteps()
    {
        _page.Section("What was done");
        _page.Table(["Time", "Record", "What"], _records.Select(r => (IReadOnlyList<string>)[Time(r.Time), Text(r.Number), Escape(Tell(r))]), "log");
    }

    private string Tell(TranscriptRecord record) => record.Kind switch
    {
        RecordKinds.Opened => "The ceremony was opened.",
        RecordKinds.PlanApproved => $"{FullName(record)} approved the plan.",
        RecordKinds.StepBegun => $"Step {record["step"]} began: {record["what"]}.",
        RecordKinds.StepApproved => $"{FullName(record)} approved step {record["step"]}.",
        RecordKinds.StepDone => $"Step {record["step"]} was done.",
        RecordKinds.StepStopped => $"Step {record["step"]} stopped: {record["reason"]}",
        RecordKinds.Resumed => "The ceremony was taken up again.",
        RecordKinds.Token => $"Token '{record["token"]}' said who it is: serial number {record["serial"] ?? "none"}.",
        RecordKinds.TokenInitialised => $"Token '{record["token"]}' was initialised: serial number {record["serial"] ?? "none"} ({record["made"]}).",
        RecordKinds.SecretSealed => $"The {record["purpose"]} was shared among {record["officers"]}: any {record["threshold"]} of them have it.",
        RecordKinds.OfficerAccepted => $"{record["officer"]} took the office of an officer.",
        RecordKinds.Key => $"Key of '{record["owner"]}': {record["algorithm"]}, kept by {record["provider"]} ({record["made"]}).",
        RecordKinds.KeyDestroyed => $"A key was destroyed: {record["owner"] ?? record["label"]}.",
        RecordKinds.Certificate => $"Certificate of {record["subject"]} ({record["made"]}).",
        RecordKinds.Object => $"{Capital(record["what"] ?? "Object")}: {record["file"]}.",
        RecordKinds.Revoked => $"Revoked: {record["subject"]}, serial number {record["serial"]} of {record["issuer"]} ({record["reason"]}).",
        RecordKinds.KeyWrapped => $"Key '{record["label"]}' was wrapped for another token.",
        RecordKinds.KeyProven => $"The key of '{record["owner"]}' proved itself by a signature.",
        RecordKinds.Succession => $"The succession of '{record["authority"]}' was moved on: {record["to"]}.",
        RecordKinds.Note => $"Note: {Rest(record)}.",
        RecordKinds.Closed => "Every step was done.",
        _ => $"{record.Kind}: {Rest(record)}.",
    };

    private static string Rest(TranscriptRecord record) => string.Join(", ", record.Sheet.Facts.Skip(TranscriptRecord.HeaderFacts).Select(f => f.Key == "what" ? f.Value : $"{f.Key} {f.Value}"));

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private string FullName(TranscriptRecord record) => _plan.Roster.Find(record["officer"] ?? "")?.FullName ?? record["officer"] ?? "somebody";

    private void WriteTroubles()
    {
        _page.Section("What went wrong in between");
        var troubles = _records.Where(r => r.Kind is RecordKinds.StepStopped or RecordKinds.Resumed).Select(r => $"{Time(r.Time)}: {Tell(r)}")
            .Concat(_records.Zip(_records.Skip(1)).Where(pair => pair.Second.Time < pair.First.Time).Select(pair => $"The clock was set back before record {Text(pair.Second.Number)}: from {Time(pair.First.Time)} to {Time(pair.Second.Time)}."))
            .ToList();
        if (troubles.Count == 0)
        {
            _page.Paragraph("Nothing: no step stopped, and nothing was taken up again.");
            return;
        }

        _page.Html($"<ul>{string.Concat(troubles.Select(t => $"<li>{Escape(t)}</li>"))}</ul>\n");
    }

    private void WriteEnd(string head, string verifyScript)
    {
        _page.Section("How to verify this");
        _page.Paragraph("These minutes lie in a folder with all records, statements, keys and certificates. Every record names the digest of the one before it; with these minutes the officers signed the digest of the last one:");
        _page.Html($"<div class=\"card\"><div>{Digest(head)}<p>{Words(head)}</p><p class=\"small\">SHA-256 of the last record.</p></div>{QrCode.Svg(head, "SHA-256 of the last record")}</div>\n");
        _page.Html($"<p>With nothing but a shell and openssl: <code>sh verify.sh FOLDER {Escape(_plan.Sha256)}</code>. Take verify.sh from where you trust it, or compare its SHA-256 first (<code>sha256sum verify.sh</code>):<br><span class=\"digest\">{Escape(verifyScript)}</span></p>\n");
        _page.Html("<p>With the program, on any machine and without a network: <code>agentpki ceremony verify FOLDER</code>. It writes these minutes again from the records and compares them.</p>\n");
        _page.Paragraph("What paper adds: whoever signs below compared the digests on this page with the screen, while everybody was there.");
    }

    private void WriteSignatures()
    {
        _page.Section("Signatures on paper");
        _page.Table(
            ["Name", "Date and place", "Signature"],
            [.. _plan.Roster.Officers.Select(o => (IReadOnlyList<string>)[$"{Escape(o.FullName)}<br><span class=\"small\">officer</span>", "&nbsp;", "&nbsp;"]), .. Enumerable.Repeat<IReadOnlyList<string>>(["&nbsp;<br><span class=\"small\">witness</span>", "&nbsp;", "&nbsp;"], 2)],
            "line signatures");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
