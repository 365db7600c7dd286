using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint;

/// <summary>A rule over one kind of parsed object, checked against its context; it finds one thing or nothing.</summary>
internal abstract class LintRule<TFields, TContext>(string name, LintSeverity severity, string citation) : ILintRule
{
    public string Name => name;

    public LintSeverity Severity => severity;

    public string Citation => citation;

    /// <summary>Null when the rule holds; else what was found and what would be right.</summary>
    public abstract string? Check(TFields fields, TContext context);

    /// <summary>Runs rules in order; an empty list, shared and without an allocation, when all hold.</summary>
    public static IReadOnlyList<LintFinding> Run(LintRule<TFields, TContext>[] rules, TFields fields, TContext context)
    {
        List<LintFinding>? findings = null;
        foreach (var rule in rules)
        {
            if (rule.Check(fields, context) is { } detail)
            {
                (findings ??= []).Add(new LintFinding(rule.Name, rule.Severity, rule.Citation, detail));
            }
        }

        return findings is null ? [] : findings;
    }
}

/// <summary>A rule over a TBSCertificate.</summary>
internal abstract class CertificateRule(string name, LintSeverity severity, string citation) : LintRule<TbsFields, LintContext>(name, severity, citation);

/// <summary>A rule over a TBSCertList.</summary>
internal abstract class CertificateListRule(string name, LintSeverity severity, string citation)
    : LintRule<CertificateListFields, CertificateListLintContext>(name, severity, citation);

/// <summary>A rule over an OCSP ResponseData.</summary>
internal abstract class OcspResponseRule(string name, LintSeverity severity, string citation)
    : LintRule<Ocsp.ResponseData, OcspLintContext>(name, severity, citation);

/// <summary>What could not even be parsed: reported by the linter itself, because no other rule can then be checked.</summary>
internal sealed class WellFormedRule(string citation) : ILintRule
{
    public string Name => "well_formed";

    public LintSeverity Severity => LintSeverity.Error;

    public string Citation => citation;

    public IReadOnlyList<LintFinding> Report(MalformedDataException e) => [new LintFinding(Name, Severity, Citation, e.Message)];
}
