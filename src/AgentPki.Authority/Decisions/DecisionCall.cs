using System.Collections.Immutable;
using System.Net;
using AgentPki.Agents.Decisions;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Decisions;

/// <summary>One question as a protocol read it.</summary>
/// <param name="Asker">The SPIFFE ID of who asks.</param>
/// <param name="SubjectId">The SPIFFE ID that the question is about.</param>
/// <param name="Resource">Type, slash, id.</param>
/// <param name="RequestSha256">What was asked, 32 octets.</param>
public sealed record DecisionCall(string Asker, string Correlation, string SubjectId, NamedCertificate? Certificate, string Action, string Resource, DecisionFacts Facts, ReadOnlyMemory<byte> RequestSha256)
{
    public IPAddress? Address { get; init; }

    public NameSet? DataClasses { get; init; }

    public ScopeSet? Task { get; init; }

    /// <summary>What the action would use up, by unit, as who asks says.</summary>
    public ImmutableDictionary<string, long> Spend { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>What of the question could not be understood, as a sentence: it is denied, and written down. Null: nothing.</summary>
    public string? Misunderstood { get; init; }
}

/// <summary>A question that was answered.</summary>
/// <param name="Id">32 lower-case hexadecimal digits; the decision log has it, unless that is why it was denied.</param>
/// <param name="Cursor">The revocation epoch as of which the subject's standing was looked at.</param>
/// <param name="CertificateSha256">Lower-case hexadecimal; empty: none was named.</param>
public sealed record AnsweredCall(string Id, DateTimeOffset Time, DecisionCall Call, Decision Decision, long Cursor, string CertificateSha256, string PoliciesSha256);
