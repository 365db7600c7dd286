namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>What verification found.</summary>
/// <param name="IsProblem">False: a remark, which does not make the evidence wrong.</param>
public sealed record EvidenceFinding(bool IsProblem, string Text);

/// <summary>The result of <see cref="EvidenceVerifier"/>.</summary>
/// <param name="Plan">Null when it cannot be read: then nothing else was looked at.</param>
public sealed record EvidenceReport(Scripts.CeremonyPlan? Plan, IReadOnlyList<TranscriptRecord> Records, string Head, IReadOnlyList<string> Closers, IReadOnlyList<EvidenceFinding> Findings)
{
    public bool IsGood => Findings.All(f => !f.IsProblem);
}
