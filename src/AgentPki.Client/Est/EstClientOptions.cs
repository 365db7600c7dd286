using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Est;

/// <summary>Where to enrol, whom to trust, and who is asking.</summary>
/// <remarks>
/// Trust is explicit (RFC 7030 §3.6.1, the explicit TA database): the system's certificate store plays no part. At most one of
/// <paramref name="Credential"/> and <paramref name="ClientCertificate"/> is usual; with both, the server sees both.
/// </remarks>
/// <param name="Server">Scheme, host and port, for example <c>https://localhost:8443</c>.</param>
/// <param name="TrustAnchors">The roots that the server's TLS certificate must chain to; for <c>cacerts</c> bootstrap, obtained out of band.</param>
/// <param name="Label">RFC 7030 §3.2.2 arbitrary label: which profile; null: the server's default.</param>
/// <param name="Credential">HTTP Basic (RFC 7030 §3.2.3); only ever sent inside the verified TLS connection.</param>
/// <param name="ClientCertificate">With its private key: mTLS (RFC 7030 §3.3.2).</param>
public sealed record EstClientOptions(
    Uri Server,
    IReadOnlyList<Certificate> TrustAnchors,
    string? Label = null,
    EstCredential? Credential = null,
    X509Certificate2? ClientCertificate = null)
{
    /// <summary>For one request; polling has its own limit.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest answer that is read, in octets.</summary>
    public int MaximumAnswerBytes { get; init; } = 1 << 20;
}

/// <summary>An enrolment credential. Its secret never appears in its text.</summary>
public sealed record EstCredential(string Name, string Secret)
{
    public override string ToString() => $"{Name}:***";
}
