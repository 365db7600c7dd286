using static AgentPki.Authority.Ceremony.Evidence.Minutes.MinutesPage;

namespace AgentPki.Authority.Ceremony.Evidence.Minutes;

/// <summary>What came of the steps: tokens, keys, certificates, secrets, other files.</summary>
internal sealed class MinutesResults(MinutesPage page, IReadOnlyList<TranscriptRecord> records)
{
    // What people look at first; everything else that the token said stands below it.
    private static readonly string[] OfKeys = ["step", "owner", "algorithm", "protection", "provider", "label", "made", "public-key", "public-key-sha256"];

    public void Write()
    {
        WriteTokens();
        WriteKeys();
        WriteCertificates();
        WriteSecrets();
        WriteObjects();
    }

    private void WriteTokens()
    {
        page.Section("Tokens");
        var tokens = Of(RecordKinds.Token).Concat(Of(RecordKinds.TokenInitialised)).GroupBy(r => r["token"]).Select(g => g.OrderBy(r => r.Number).Last()).OrderBy(r => r["token"], StringComparer.Ordinal).ToList();
        if (tokens.Count == 0)
        {
            page.Paragraph("No token was used.");
        }

        foreach (var token in tokens)
        {
            page.Part($"Token '{token["token"]}'");
            page.Facts([.. token.Sheet.Facts.Skip(TranscriptRecord.HeaderFacts).Where(f => f.Key is not ("token" or "step" or "made" or "initialised"))
                .Select(f => (Capital(f.Key), (string?)(f.Key == "mechanisms" ? $"<span class=\"small\">{Escape(f.Value)}</span>" : Escape(f.Value))))]);
        }
    }

    private void WriteKeys()
    {
        page.Section("Keys");
        foreach (var key in Of(RecordKinds.Key))
        {
            page.Part($"Key of '{key["owner"]}' ({key["algorithm"]})");
            page.Facts(
                ("Kept by", Escape($"{key["provider"]}, label {key["label"]} ({key["protection"]})")),
                ("Made", Escape(key["made"] ?? "")),
                ("SHA-256 of the public key", Digest(key["public-key-sha256"] ?? "")),
                ("Attestation", key.Sheet.Facts.Any(f => f.Key.StartsWith("attestation", StringComparison.Ordinal)) ? "given by the token, in the record" : "not offered by the token"));
            var reported = key.Sheet.Facts.Skip(TranscriptRecord.HeaderFacts).Where(f => !OfKeys.Contains(f.Key)).ToList();
            if (reported.Count > 0)
            {
                page.Html($"<p class=\"small\">As the token reports it: {string.Join("; ", reported.Select(f => $"{Escape(f.Key)} <b>{Escape(Short(f.Value))}</b>"))}.</p>\n");
            }
        }

        foreach (var key in Of(RecordKinds.KeyDestroyed))
        {
            page.Paragraph($"Destroyed: {string.Join(", ", key.Sheet.Facts.Skip(TranscriptRecord.HeaderFacts).Select(f => $"{f.Key} {Short(f.Value)}"))}.");
        }

        if (!Of(RecordKinds.Key).Concat(Of(RecordKinds.KeyDestroyed)).Any())
        {
            page.Paragraph("No key was made or destroyed.");
        }
    }

    private void WriteCertificates()
    {
        page.Section("Certificates");
        // One that was found from a try before is the same one again.
        var certificates = Of(RecordKinds.Certificate).DistinctBy(r => r["sha256"]).ToList();
        if (certificates.Count == 0)
        {
            page.Paragraph("No certificate was made.");
        }

        foreach (var certificate in certificates)
        {
            var digest = certificate["sha256"] ?? "";
            page.Html("<div class=\"card\"><div>");
            page.Html($"<b>{Escape(certificate["subject"] ?? "")}</b>");
            page.Facts(
                ("Issuer", Escape(certificate["issuer"] ?? "")),
                ("Valid", Escape($"{certificate["not-before"]} to {certificate["not-after"]}")),
                ("Serial number", $"<code>{Escape(certificate["serial"] ?? "")}</code>"),
                ("Signature", Escape(certificate["signature-algorithm"] ?? "")),
                ("File", Escape(certificate["file"] ?? "")),
                ("SHA-256", Digest(digest)),
                ("In words", Words(digest)));
            page.Html($"</div>{QrCode.Svg(digest, $"SHA-256 of the certificate of {certificate["subject"]}")}</div>\n");
        }
    }

    private void WriteSecrets()
    {
        page.Section("Where the PINs went");
        var secrets = Of(RecordKinds.SecretSealed).ToList();
        page.Paragraph(secrets.Count == 0
            ? "No PIN was made."
            : "PINs are random, and nobody has seen one. Each was shared at once; every officer has a share in an envelope that only his key opens, and fewer officers than are said here learn nothing.");
        page.Table(["Secret", "Opened by", "Shares of", "Sealing", "File"], secrets.Select(s => (IReadOnlyList<string>)
        [
            Escape(s["purpose"] ?? ""), Escape($"any {s["threshold"]}"), Escape((s["officers"] ?? "").Replace(" ", ", ", StringComparison.Ordinal)), $"<code>{Escape(s["sealing"] ?? "")}</code>", Escape(s["file"] ?? ""),
        ]));
        foreach (var token in Of(RecordKinds.TokenInitialised).Where(t => t["pin"] == "service"))
        {
            page.Paragraph($"The user PIN of token '{token["token"]}' was given to the appliance, which opens that token by itself; no person has seen it.");
        }
    }

    private void WriteObjects()
    {
        var objects = Of(RecordKinds.Object).ToList();
        if (objects.Count > 0)
        {
            page.Section("Other files");
            page.Table(["What", "File", "SHA-256"], objects.Select(o => (IReadOnlyList<string>)[Escape(string.Join(", ", new[] { o["what"], o["issuer"], o["subject"] }.OfType<string>())), Escape(o["file"] ?? ""), Digest(o["sha256"] ?? "")]));
        }
    }

    private IEnumerable<TranscriptRecord> Of(string kind) => records.Where(r => r.Kind == kind);

    private static string Short(string value) => value.Length <= 120 ? value : $"{value[..100]}… ({value.Length} characters)";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..].Replace('-', ' ');
}
