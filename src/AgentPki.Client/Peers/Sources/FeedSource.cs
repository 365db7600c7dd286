using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers.Sources;

/// <summary>The feed, with the part of a set that is wanted fetched where it is not here.</summary>
internal sealed class FeedSource(RevocationFollower follower) : IRevocationSource
{
    public async ValueTask<SourceAnswer> AskAsync(Certificate certificate, Certificate issuer, CancellationToken cancellationToken) =>
        await follower.View.CheckAsync(certificate, cancellationToken) switch
        {
            RevocationStatus.Good => new SourceAnswer.Good(RevocationSource.Feed),
            RevocationStatus.Stale { AsOf: null } => new SourceAnswer.CannotTell($"the revocation feed was not heard yet{Problem}"),
            RevocationStatus.Stale { AsOf: { } asOf } => new SourceAnswer.CannotTell($"the revocation feed was last heard {asOf:u}{Problem}"),
            RevocationStatus.NotCovered => new SourceAnswer.CannotTell("the revocation feed does not speak of its issuer"),
            RevocationStatus.NotKnown => new SourceAnswer.CannotTell("the appliance does not give the part of the revoked set that would tell"),
            var status => SourceAnswer.OfKnown(status) is { } refusal ? new SourceAnswer.Refused(refusal) : new SourceAnswer.CannotTell("the feed's answer is not known here"),
        };

    private string Problem => follower.Problem is { } problem ? $" ({problem})" : "";
}
