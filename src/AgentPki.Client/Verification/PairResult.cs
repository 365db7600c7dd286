using AgentPki.X509.Certificates;

namespace AgentPki.Client.Verification;

/// <summary>Whether two certificates are a pair (RFC 9763 §4.2). Closed.</summary>
public abstract record PairResult
{
    private PairResult()
    {
    }

    /// <param name="Path">Of the certificate that names the other.</param>
    /// <param name="RelatedPath">Of the one that it names.</param>
    public sealed record Valid(IReadOnlyList<Certificate> Path, IReadOnlyList<Certificate> RelatedPath) : PairResult;

    /// <summary>One of the two has no valid path.</summary>
    public sealed record NoPath(ChainResult.Invalid Reason) : PairResult;

    /// <summary>Each is good for itself, and they do not belong together.</summary>
    public sealed record NotRelated(RelatedCertificateFailure Failure) : PairResult;
}
