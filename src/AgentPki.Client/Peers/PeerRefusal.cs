using System.Security.Authentication;

namespace AgentPki.Client.Peers;

/// <summary>Why a peer is not let in, or not any more.</summary>
public enum RefusalKind
{
    NoCertificate,

    /// <summary>A certificate that cannot be read.</summary>
    Unreadable,

    /// <summary>No valid chain to an anchor, for this purpose and time.</summary>
    Untrusted,

    /// <summary>A good certificate of somebody whom the policy does not name.</summary>
    NotAllowed,

    /// <summary>The server's certificate is not for the name that was asked for (RFC 9525).</summary>
    WrongName,

    Revoked,

    /// <summary>certificateHold: it may be good again.</summary>
    Held,

    /// <summary>Nothing that would know says that it is good: the feed is stale, and what is asked behind it does not answer. Fail closed.</summary>
    CannotTell,
}

/// <param name="Detail">One sentence, safe to show.</param>
public sealed record PeerRefusal(RefusalKind Kind, string Detail);

/// <summary>A TLS handshake with a peer that is not let in.</summary>
public sealed class PeerRefusedException(PeerRefusal refusal, Exception? inner = null) : AuthenticationException(refusal.Detail, inner)
{
    public PeerRefusal Refusal { get; } = refusal;
}

/// <summary>The outcome of <see cref="PeerGate.AdmitAsync"/>. Closed.</summary>
public abstract record Admission
{
    private Admission()
    {
    }

    /// <param name="Peer">Watched until it is disposed.</param>
    public sealed record Admitted(Peer Peer) : Admission;

    public sealed record Refused(PeerRefusal Refusal) : Admission;
}
