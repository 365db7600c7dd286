using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using AgentPki.Server.Configuration;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Administration;

/// <summary>Who came by an admin door: by his certificate, and only without one by what the kernel says of the socket's peer.</summary>
internal sealed class AdminCallers(ApplianceOptions options, AdministratorAuthenticator administrators)
{
    private static readonly AdminIdentification Nobody = new AdminIdentification.Unknown(
        AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "administrators are known by their certificate: show yours (curl --cert FILE, agentpki --as FILE)"));

    private static readonly AdminIdentification Unreadable = new AdminIdentification.Unknown(
        AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "the client certificate cannot be read"));

    internal async ValueTask<AdminIdentification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // A certificate that is refused is refused: nobody becomes more by showing a worse one.
        if (context.Connection.ClientCertificate is { } shown)
        {
            return Certificate.TryParse(shown.RawData, out var certificate, out _) ? await administrators.AuthenticateAsync(certificate, cancellationToken) : Unreadable;
        }

        return context.Features.Get<PeerCredentials>() is not { } peer ? Nobody
            : new AdminIdentification.Known(options.Development ? AdminCaller.Development(peer.UserId, options.Governance.FourEyes) : AdminCaller.Peer(peer.UserId));
    }
}
