using AgentPki.Authority.Profiles;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Migration;

/// <summary>When a certificate should be renewed, and why then.</summary>
/// <param name="From">From when on it may be.</param>
/// <param name="Until">By when it should be.</param>
/// <param name="Reason">Null: its ordinary time.</param>
public sealed record RenewalAdvice(DateTimeOffset From, DateTimeOffset Until, string? Reason)
{
    public bool IsNow(DateTimeOffset now) => now >= From;

    /// <summary>
    /// The one place that says when: whatever tells clients (EST's refusals of early renewals today; ACME's renewal information, RFC 9773, when it comes)
    /// asks here. A campaign that waits for the agent makes it now; else the profile's window, or the last third of its life where there is none.
    /// </summary>
    internal static RenewalAdvice For(Certificate certificate, CampaignSeat seat)
    {
        var until = certificate.NotAfter;
        if (seat is { IsAskedToChange: true, Campaign: { } campaign, Member: { } member })
        {
            return new RenewalAdvice(member.Since, until, CampaignRules.IsReturning(member)
                ? $"campaign '{campaign.Name}' was rolled back: go back to {string.Join(" or ", seat.Profile.Keys)}"
                : $"campaign '{campaign.Name}' moves this agent to {CampaignText.Describe(campaign.Target)}");
        }

        return new RenewalAdvice(EarliestFor(certificate, seat.Profile) ?? until - ((until - certificate.NotBefore) / 3), until, null);
    }

    /// <summary>Before when a renewal is refused; null: never.</summary>
    internal static DateTimeOffset? EarliestFor(Certificate certificate, CertificateProfile profile) => profile.RenewalWindow is { } window ? certificate.NotAfter - window : null;
}
