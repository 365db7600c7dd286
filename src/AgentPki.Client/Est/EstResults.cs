using AgentPki.X509.Certificates;

namespace AgentPki.Client.Est;

/// <summary>What became of an enrolment.</summary>
public abstract record EstEnrollment
{
    private EstEnrollment()
    {
    }

    /// <param name="Certificate">The one certificate of the answer (RFC 7030 §4.2.3).</param>
    public sealed record Issued(Certificate Certificate) : EstEnrollment;

    /// <summary>The server wants a person to decide (RFC 7030 §4.2.3, status 202): post the same request again.</summary>
    public sealed record Pending(TimeSpan RetryAfter) : EstEnrollment;

    /// <param name="Status">The HTTP status.</param>
    /// <param name="Detail">The server's own words.</param>
    /// <param name="RetryAfter">When to try again, if the server says so.</param>
    public sealed record Refused(int Status, string Detail, TimeSpan? RetryAfter) : EstEnrollment;
}

/// <summary>What became of a server-side key generation (RFC 7030 §4.4).</summary>
public abstract record EstServerKey
{
    private EstServerKey()
    {
    }

    /// <param name="PrivateKey">PKCS#8 as sent over TLS, or the CMS EnvelopedData around it when <paramref name="IsEncrypted"/>.</param>
    public sealed record Issued(Certificate Certificate, byte[] PrivateKey, bool IsEncrypted) : EstServerKey;

    public sealed record Pending(TimeSpan RetryAfter) : EstServerKey;

    public sealed record Refused(int Status, string Detail, TimeSpan? RetryAfter) : EstServerKey;
}

/// <summary>The server answered something that EST does not allow, or could not be reached or trusted.</summary>
public sealed class EstProtocolException(string message, Exception? inner = null) : Exception(message, inner);
