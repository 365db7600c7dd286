using System.Globalization;
using System.Text;
using Spectre.Console;

namespace AgentPki.Server.Cli;

/// <summary>Tables and facts in the same shape everywhere.</summary>
public static class Output
{
    /// <summary>A table; into a pipe: one line a row, columns aligned by two or more spaces, an empty cell a dash, so that awk can read it.</summary>
    public static void Table(Terminal terminal, IReadOnlyList<string> columns, IReadOnlyCollection<IReadOnlyList<string>> rows, string whenEmpty)
    {
        if (rows.Count == 0)
        {
            terminal.Line(whenEmpty);
            return;
        }

        if (!terminal.Interactive)
        {
            PlainTable(terminal, [columns, .. rows]);
            return;
        }

        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)));
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        terminal.Out.Write(table);
    }

    /// <summary>Names and values, the values in one column.</summary>
    public static void Facts(Terminal terminal, params IReadOnlyList<(string Name, string Value)> facts)
    {
        var width = facts.Max(f => f.Name.Length);
        foreach (var (name, value) in facts)
        {
            terminal.Line($"{name.PadRight(width)}  {value}");
        }
    }

    /// <summary>Remarks of the appliance, each as a sentence of its own.</summary>
    /// <param name="word">What stands before each: <c>Note</c>, <c>It cannot start</c>.</param>
    public static void Remarks(Terminal terminal, string? word, IEnumerable<string> remarks)
    {
        foreach (var remark in remarks.Where(r => r.Length > 0))
        {
            terminal.Line($"{(word is null ? "" : $"{word}: ")}{char.ToUpperInvariant(remark[0])}{remark[1..].TrimEnd('.')}.");
        }
    }

    private static void PlainTable(Terminal terminal, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            terminal.Raw(string.Join("  ", row.Select((cell, column) => (cell.Length == 0 ? "-" : cell).PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>A stranger's text, for one line: what is no visible character of ASCII is written as an escape, so that it neither writes on the terminal nor passes for another line, or for another text.</summary>
    public static string Visible(string text) => Escaped(text, static c => c.Value is > ' ' and <= '~' and not '\\');

    /// <summary>A text with strangers' words in it, for one line: what is no character that is seen (a terminal's commands, ends of lines, what turns the writing around) is written as an escape.</summary>
    public static string OneLine(string text) => Escaped(text, static c => c.Value != '\\' && Rune.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate));

    // Whole characters: what is not seen lies beyond the first plane too.
    private static string Escaped(string text, Func<Rune, bool> isShown) =>
        text.EnumerateRunes().All(isShown) ? text : string.Concat(text.EnumerateRunes().Select(c => isShown(c) ? c.ToString() : string.Concat(c.ToString().Select(half => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)half:x4}")))));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
