using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers;

/// <summary>What a peer's certificate must be for, and whose it must be.</summary>
/// <param name="KeyPurpose">Dotted extended key usage that must be named.</param>
/// <param name="Allowed">SPIFFE IDs of which one must match; empty: whoever the anchors vouch for, with a SPIFFE ID or without.</param>
public sealed record PeerDemand(string KeyPurpose, IReadOnlyList<SpiffeIdPattern> Allowed)
{
    /// <summary>Whoever connects to this server.</summary>
    public static PeerDemand Client(params IReadOnlyList<SpiffeIdPattern> allowed) => new(Oids.ClientAuth, allowed);

    /// <summary>Whom this client connects to.</summary>
    public static PeerDemand Server(params IReadOnlyList<SpiffeIdPattern> allowed) => new(Oids.ServerAuth, allowed);

    /// <summary>Null when the certificate's names are allowed; its purpose is looked at with its chain.</summary>
    internal PeerRefusal? Check(Certificate certificate)
    {
        if (Allowed.Count == 0)
        {
            return null;
        }

        return certificate.SpiffeId is not { } id ? new PeerRefusal(RefusalKind.NotAllowed, "The certificate names no SPIFFE ID, and only some are allowed here.")
            : Allowed.Any(p => p.Matches(id)) ? null
            : new PeerRefusal(RefusalKind.NotAllowed, $"{id} is not among those that are allowed here.");
    }
}
