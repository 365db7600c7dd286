using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Server.Configuration;
using AgentPki.Server.Hosting;

namespace AgentPki.Server.Administration;

/// <summary>Who came by an admin door.</summary>
internal sealed class AdminCallers(ApplianceOptions options)
{
    internal ValueTask<AdminIdentification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken) => ValueTask.FromResult<AdminIdentification>(
        context.Features.Get<PeerCredentials>() is { } peer
            ? new AdminIdentification.Known(options.Development ? AdminCaller.Development(peer.UserId, fourEyes: false) : AdminCaller.Peer(peer.UserId))
            : new AdminIdentification.Unknown(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "the admin API knows its callers by their certificate, or by the Unix socket they come by")));
}
