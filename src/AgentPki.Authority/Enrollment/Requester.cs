using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

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

    /// <summary>An ACME account with an order all names of which it has proven: made by the ACME service alone, which has checked both.</summary>
    internal sealed record AcmeOrder(AcmeAccount Account, Store.AcmeOrder Order) : Requester
    {
        /// <summary>The agent that the certificate is for.</summary>
        public required string AgentId { get; init; }

        /// <summary>The names that the certificate will carry, the SPIFFE ID first.</summary>
        public required IReadOnlyList<GeneralName> Names { get; init; }

        /// <summary>The only key it may be for (SHA-256 of the SubjectPublicKeyInfo, hexadecimal); null: any.</summary>
        public string? KeySha256 { get; init; }
    }

    /// <summary>A process of this machine that was attested and that an entry names: made by the SPIFFE service alone, which has checked both.</summary>
    internal sealed record AttestedWorkload(Spiffe.WorkloadEntry Entry) : Requester;

    /// <summary>An administrator, authenticated by the admin API's socket.</summary>
    /// <param name="Actor">For example <c>admin:uid=0</c>.</param>
    public sealed record Administrator(string Actor) : Requester;
}
