using AgentPki.Authority.Revocation.Feed;
using AgentPki.Protocols.Revocations;

namespace AgentPki.Server.Configuration;

/// <summary>The revocation feed: what it says and keeps, and how many may follow it.</summary>
public sealed record RevocationSettings(FeedOptions Feed, RevocationWireOptions Wire);

/// <summary>Reads the section <c>revocations</c>.</summary>
internal static class RevocationReader
{
    public static RevocationSettings Read(YamlSection section)
    {
        var (feed, wire) = (new FeedOptions(), new RevocationWireOptions());
        var settings = new RevocationSettings(
            feed with
            {
                Heartbeat = section.Duration("heartbeat", feed.Heartbeat, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
                KeptStatements = section.Number("keptStatements", feed.KeptStatements, 1, 100_000_000),
                KeptFor = section.Duration("keptFor", feed.KeptFor, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
                SnapshotInterval = section.Duration("snapshotInterval", feed.SnapshotInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            },
            wire with
            {
                MaximumSubscribers = section.Number("subscribers", wire.MaximumSubscribers, 1, 1_000_000),
                SubscribersPerAddress = section.Number("subscribersPerAddress", wire.SubscribersPerAddress, 1, 1_000_000),
            });
        section.RefuseUnknown();
        return settings;
    }
}
