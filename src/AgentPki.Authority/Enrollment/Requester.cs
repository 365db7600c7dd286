using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Enrollment;

/// <summary>Who sent a request, as far as the protocol knows. The registration authority checks it; nothing here is proven yet.</summary>
public abstract record Requester
{
    private Requester()
    {
    }

    /// <summary>Nobody authenticated.</summary>
    /// <param name="RemoteAddress">For rate limits; never stored.</param>
    public sealed record Stranger(string RemoteAddress) : Requester;

    /// <summary>An enrolment credential, as HTTP Basic brought it.</summary>
    public sealed record Credential(string Name, string Secret) : Requester
    {
        /// <summary>The name alone: a secret must not reach a log through string formatting (invariant 8).</summary>
        public override string ToString() => $"Credential {Name}";
    }

    /// <summary>A client certificate whose private key the TLS handshake (or a CMS signature) proved.</summary>
    public sealed record AgentCertificate(Certificate Certificate) : Requester;

    /// <summary>An administrator, authenticated by the admin API's socket.</summary>
    /// <param name="Actor">For example <c>admin:uid=0</c>.</param>
    public sealed record Administrator(string Actor) : Requester;
}
