namespace AgentPki.X509.Lint;

/// <summary>How bad a finding is.</summary>
public enum LintSeverity
{
    /// <summary>Advice of a standard (SHOULD) or of practice; shown, not refused.</summary>
    Warning,

    /// <summary>The object must not be signed.</summary>
    Error,
}

/// <summary>One rule: what it is called, how bad breaking it is, and which standard says so.</summary>
public interface ILintRule
{
    /// <summary>Lower case with underscores; stable, as it appears in refusals and logs.</summary>
    string Name { get; }

    LintSeverity Severity { get; }

    /// <summary>For example <c>RFC 5280 §4.1.2.2</c>.</summary>
    string Citation { get; }
}

/// <summary>A broken rule.</summary>
/// <param name="Detail">One sentence: what was found and what would be right.</param>
public sealed record LintFinding(string RuleName, LintSeverity Severity, string Citation, string Detail)
{
    public override string ToString() => $"{RuleName}: {Detail} ({Citation})";
}
