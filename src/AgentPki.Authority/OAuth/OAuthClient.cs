using AgentPki.Agents;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>How a client authenticated, by the names of RFC 8705 §2, OpenID Connect Core §9 and draft-ietf-oauth-spiffe-client-auth.</summary>
public enum ClientAuthentication
{
    TlsClientAuth,
    SelfSignedTlsClientAuth,
    PrivateKeyJwt,
    SpiffeJwt,
}

/// <summary>What a client presented. Nothing of it is proven yet but that the TLS connection's peer has the key of <paramref name="Tls"/>.</summary>
/// <param name="ClientId"><c>client_id</c>; null: none was sent.</param>
/// <param name="Tls">The certificate of its connection.</param>
public sealed record ClientProof(string? ClientId, Certificate? Tls, string? AssertionType, string? Assertion);

/// <summary>An agent that authenticated at the token endpoint.</summary>
/// <param name="Certificate">The certificate that vouches for it: what it lives and dies with.</param>
/// <param name="Presented">The certificate of its connection, which its tokens are bound to (another one than <paramref name="Certificate"/> where it signed itself); null: it came without.</param>
public sealed record OAuthClient(AgentRecord Agent, Certificate Certificate, Certificate? Presented, ClientAuthentication Method)
{
    /// <summary>As the ledger names it.</summary>
    public string Actor => $"agent:{Agent.Id}";

    /// <summary>How it authenticated, as metadata and ledger name it.</summary>
    public string MethodName => Method switch
    {
        ClientAuthentication.TlsClientAuth => "tls_client_auth",
        ClientAuthentication.SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        ClientAuthentication.PrivateKeyJwt => "private_key_jwt",
        ClientAuthentication.SpiffeJwt => "spiffe_jwt",
    };
}

/// <summary>A value, or a refusal in OAuth's words.</summary>
public abstract record OAuthOutcome<T>
{
    private OAuthOutcome()
    {
    }

    public sealed record Done(T Value) : OAuthOutcome<T>;

    public sealed record Refused(OAuthProblem Problem) : OAuthOutcome<T>;
}
