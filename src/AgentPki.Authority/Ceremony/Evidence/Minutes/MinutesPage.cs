using System.Globalization;
using System.Net;
using System.Text;
using AgentPki.Authority.Ceremony.Scripts;

namespace AgentPki.Authority.Ceremony.Evidence.Minutes;

/// <summary>A page of HTML that needs nothing else: no script, no font, no picture from anywhere. Every text goes through <see cref="Escape"/>.</summary>
internal sealed class MinutesPage
{
    private const string Style = """
        :root { color-scheme: light; }
        body { font: 10.5pt/1.4 "Liberation Sans", Arial, Helvetica, sans-serif; color: #111; background: #fff; max-width: 178mm; margin: 8mm auto; padding: 0 4mm; }
        h1 { font-size: 19pt; margin: 0 0 1mm; }
        h2 { font-size: 13pt; margin: 8mm 0 2mm; border-bottom: 0.4mm solid #111; }
        h3 { font-size: 11pt; margin: 5mm 0 1mm; }
        p { margin: 1.5mm 0; }
        table { border-collapse: collapse; width: 100%; margin: 2mm 0; }
        th, td { border: 0.2mm solid #888; padding: 1mm 1.6mm; text-align: left; vertical-align: top; }
        th { background: #eee; font-weight: 600; }
        td, dd, li { overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: 44mm 1fr; gap: 0.6mm 3mm; margin: 2mm 0; }
        dt { font-weight: 600; }
        dd { margin: 0; }
        .digest, code { font-family: "Liberation Mono", "Courier New", monospace; font-size: 9.5pt; }
        .words { font-family: "Liberation Mono", "Courier New", monospace; font-size: 9.5pt; }
        .small { font-size: 8.5pt; color: #333; }
        .card { border: 0.3mm solid #555; padding: 2mm 3mm; margin: 3mm 0; display: grid; grid-template-columns: 1fr 32mm; gap: 3mm; }
        .qr { width: 30mm; height: 30mm; }
        .alarm { border: 0.8mm solid #111; padding: 2mm 3mm; font-weight: 600; }
        .log td:first-child { white-space: nowrap; }
        .line td { height: 13mm; }
        @page { size: A4; margin: 16mm; }
        @media print {
          body { margin: 0; padding: 0; max-width: none; }
          h2, h3 { break-after: avoid; }
          tr, .card, dl > div, .signatures { break-inside: avoid; }
          th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }
        """;

    private readonly StringBuilder _text = new();

    public MinutesPage(string version, string title) => _text
        .Append("<!DOCTYPE html>\n").Append(version)
        .Append("<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
        .Append("<meta name=\"viewport\" content=\"width=device-width\">\n<title>").Append(Escape(title)).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n");

    /// <summary>A text as HTML shows it, whatever it is. Characters that have no shape of their own, and may turn a line around, are named.</summary>
    public static string Escape(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                plain.Append(CultureInfo.InvariantCulture, $"⟨U+{rune.Value:X4}⟩");
            }
            else
            {
                plain.Append(rune);
            }
        }

        return WebUtility.HtmlEncode(plain.ToString());
    }

    /// <summary>A SHA-256 in groups of four digits, as people compare it.</summary>
    public static string Digest(string sha256) => $"<span class=\"digest\">{string.Join(' ', sha256.Chunk(4).Select(c => Escape(new string(c))))}</span>";

    /// <summary>A SHA-256 as words that can be read aloud.</summary>
    public static string Words(string sha256) => IsDigest(sha256) ? $"<span class=\"words\">{string.Join(' ', Proquints.Encode(Convert.FromHexString(sha256)).Split('-'))}</span>" : "";

    public static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public MinutesPage Heading(string text)
    {
        _text.Append("<h1>").Append(Escape(text)).Append("</h1>\n");
        return this;
    }

    public MinutesPage Section(string text)
    {
        _text.Append("<h2>").Append(Escape(text)).Append("</h2>\n");
        return this;
    }

    public MinutesPage Part(string text)
    {
        _text.Append("<h3>").Append(Escape(text)).Append("</h3>\n");
        return this;
    }

    public MinutesPage Paragraph(string text, string? style = null) => Html($"<p{(style is null ? "" : $" class=\"{style}\"")}>{Escape(text)}</p>\n");

    /// <summary>HTML that was made of escaped texts.</summary>
    public MinutesPage Html(string html)
    {
        _text.Append(html);
        return this;
    }

    /// <summary>Names and what they mean; those without a value are left out. Values are HTML.</summary>
    public MinutesPage Facts(params ReadOnlySpan<(string Name, string? Html)> facts)
    {
        _text.Append("<dl>\n");
        foreach (var (name, html) in facts)
        {
            _ = html is null ? _text : _text.Append("<dt>").Append(Escape(name)).Append("</dt><dd>").Append(html).Append("</dd>\n");
        }

        _text.Append("</dl>\n");
        return this;
    }

    /// <param name="rows">HTML.</param>
    public MinutesPage Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows, string? style = null)
    {
        _text.Append(style is null ? "<table>\n<tr>" : $"<table class=\"{style}\">\n<tr>");
        foreach (var head in heads)
        {
            _text.Append("<th>").Append(Escape(head)).Append("</th>");
        }

        _text.Append("</tr>\n");
        foreach (var row in rows)
        {
            _text.Append("<tr>");
            foreach (var cell in row)
            {
                _text.Append("<td>").Append(cell).Append("</td>");
            }

            _text.Append("</tr>\n");
        }

        _text.Append("</table>\n");
        return this;
    }

    public byte[] ToArray() => Encoding.UTF8.GetBytes(_text + "</body>\n</html>\n");
}
