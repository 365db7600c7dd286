namespace AgentPki.Agents.Decisions;

/// <summary>What is known of a certificate and its agent at this moment.</summary>
public abstract record AgentStanding
{
    private AgentStanding()
    {
    }

    /// <summary>Issued here, in its time, neither revoked nor held, under CAs that are good, of an agent that is active.</summary>
    /// <param name="Cursor">The revocation epoch as of which that is so.</param>
    public sealed record Good(DecisionSubject Subject, long Cursor) : AgentStanding;

    /// <param name="Reason">A sentence for whoever asked.</param>
    /// <param name="CertificateSha256">Of the certificate that was named; empty when none was.</param>
    public sealed record NotGood(string Reason, ReadOnlyMemory<byte> CertificateSha256, long Cursor) : AgentStanding;
}

/// <summary>How whoever asks names the subject's certificate.</summary>
public abstract record NamedCertificate
{
    private NamedCertificate()
    {
    }

    /// <summary>The certificate itself.</summary>
    public sealed record Whole(ReadOnlyMemory<byte> Der) : NamedCertificate;

    /// <summary>SHA-256 over its DER (RFC 7515 §4.1.8).</summary>
    public sealed record Thumbprint(ReadOnlyMemory<byte> Sha256) : NamedCertificate;
}

/// <summary>Tells the live status of agents: the one truth about revocation, asked for each decision.</summary>
public interface IAgentStatus
{
    /// <param name="agentId">The agent that the certificate must be of; null: whosever it is.</param>
    ValueTask<AgentStanding> FindAsync(string? agentId, NamedCertificate? certificate, CancellationToken cancellationToken);
}
