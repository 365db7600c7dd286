using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Migration;

/// <summary>
/// Learns that a certificate is in use: its key was proved to the appliance, by a TLS handshake at EST (a renewal, an enrolment, csrattrs) or by the signature
/// of a full CMC request. That is the signal by which an agent confirms its new certificate; an agent that wants to confirm and nothing else asks for csrattrs.
/// </summary>
internal sealed class UseWatch(CampaignDirectory directory, ICampaignStore campaigns, CommitWriter commits, TimeProvider time, ILogger<UseWatch> logger)
{
    /// <summary>Called for every authenticated certificate. Without an open campaign it costs nothing; it never fails a request.</summary>
    public async ValueTask SeenAsync(CertificateRecord certificate, CancellationToken cancellationToken)
    {
        if (!directory.AnyOpen || certificate.AgentId is not { } agent)
        {
            return;
        }

        try
        {
            foreach (var member in await campaigns.FindMembersAsync(agent, cancellationToken))
            {
                if (directory.InForce.FirstOrDefault(c => c.Name == member.Campaign) is { IsOpen: true } campaign && NextOf(campaign, member, certificate) is { } next)
                {
                    var now = time.GetUtcNow();
                    var entry = CampaignEntries.Advanced(campaign.Name, next.ToString(), [member], $"agent:{agent}", $"certificate {AuditDetails.Hex(certificate.Serial)} was used", now);
                    await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.MoveMember(campaign.Name, agent, member.Profile, [member.State], next, now)]), CancellationToken.None);
                }
            }
        }
        catch (StoreUnavailableException failure)
        {
            Log.UseNotRecorded(logger, agent, failure);
        }
    }

    private static MemberState? NextOf(CampaignRecord campaign, CampaignMember member, CertificateRecord certificate) => member.State switch
    {
        MemberState.Issued when CampaignRules.IsTarget(campaign, member, certificate) => MemberState.InUse,
        MemberState.Returning when CampaignRules.IsOrigin(campaign, member, certificate) => MemberState.Returned,
        _ => null,
    };
}
