using System.Globalization;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Revocations;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>Makes statements of what is stored. The times of signing rise strictly, but for a clock that was ahead by more than moments and was set right: followers refuse what is signed in the future.</summary>
internal sealed class FeedStatements(IRevocationStore revocations, ILedgerStore ledger, IssuerDirectory issuers, TimeProvider time)
{
    /// <summary>How far in the future what was signed may lie, after a clock was set right: half of what a follower tolerates by default.</summary>
    public static readonly TimeSpan FurthestAhead = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private DateTimeOffset _lastSigned;
    private string? _feed;

    /// <summary>What happened in an event, and the set's octets where there are too many certificates to name.</summary>
    public async ValueTask<(RevocationEventStatement Statement, byte[]? Set)> OfAsync(RevocationEvent happened, CancellationToken cancellationToken)
    {
        var authorities = Authorities();
        var named = new List<StatedCertificate>();
        using var builder = new RevocationSetBuilder();
        await foreach (var (authority, serial) in revocations.ListEventMembersAsync(happened.Epoch, cancellationToken))
        {
            var place = authorities.Names.IndexOf(authority);
            builder.Add(RevocationMember.Of(authorities.KeyIdentifiers[place].Span, serial));
            if (named.Count <= RevocationStatement.MaximumNamed)
            {
                named.Add(new StatedCertificate(place, serial));
            }
        }

        var statement = new RevocationEventStatement(
            await FeedAsync(cancellationToken), happened.Epoch, Now(), authorities.KeyIdentifiers, happened.Kind == RevocationEventKind.Released, (int)happened.Reason, happened.Time, named.Count, named, null);
        if (named.Count <= RevocationStatement.MaximumNamed)
        {
            return (statement, null);
        }

        var (octets, commitment) = Build(builder);
        var set = new StatedSet(NameOf("", happened.Epoch, commitment), commitment);
        return (statement with { Count = commitment.Count, Certificates = [], Set = set }, octets);
    }

    /// <summary>That nothing after <paramref name="sequence"/> had happened at a time before the call.</summary>
    public async ValueTask<HeartbeatStatement> HeartbeatAsync(long sequence, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        new(await FeedAsync(cancellationToken), sequence, NotBefore(asOf), Authorities().KeyIdentifiers);

    /// <summary>Everything that is revoked and has not ended.</summary>
    /// <param name="sequence">The epoch, read before: what is revoked meanwhile is in it too, which does no harm.</param>
    public async ValueTask<(SnapshotStatement Statement, byte[] Set)> SnapshotAsync(long sequence, CancellationToken cancellationToken)
    {
        // Clocks of relying parties may be slow: what has just ended here has not for them.
        var notEndedBefore = time.GetUtcNow() - TimeSpan.FromHours(1);
        var authorities = Authorities();
        using var builder = new RevocationSetBuilder();
        await foreach (var (authority, serial) in revocations.ListAllRevokedAsync(notEndedBefore, cancellationToken))
        {
            builder.Add(RevocationMember.Of(authorities.KeyIdentifiers[authorities.Names.IndexOf(authority)].Span, serial));
        }

        var (octets, commitment) = Build(builder);
        return (new SnapshotStatement(await FeedAsync(cancellationToken), sequence, Now(), authorities.KeyIdentifiers, new StatedSet(NameOf("s", sequence, commitment), commitment)), octets);
    }

    // Of its content too: after a restore another event may have the number.
    private static string NameOf(string prefix, long sequence, RevocationSetCommitment commitment) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{sequence}-{commitment.Root.ToString()[..16]}");

    private static (byte[] Octets, RevocationSetCommitment Commitment) Build(RevocationSetBuilder builder)
    {
        using var output = new MemoryStream(16 + (int)Math.Min(builder.Added * 7, int.MaxValue / 2));
        var commitment = builder.Write(output);
        return (output.ToArray(), commitment);
    }

    private (List<string> Names, ReadOnlyMemory<byte>[] KeyIdentifiers) Authorities()
    {
        var all = issuers.All.ToList();
        return (all.ConvertAll(i => i.Name), [.. all.Select(i => i.Certificate.SubjectKeyIdentifier)]);
    }

    private async ValueTask<string> FeedAsync(CancellationToken cancellationToken)
    {
        if (_feed is null)
        {
            var head = await ledger.HeadAsync(cancellationToken);
            _feed = string.Create(CultureInfo.InvariantCulture, $"{head.LogId}/{head.Epoch}");
        }

        return _feed;
    }

    private DateTimeOffset Now() => NotBefore(time.GetUtcNow());

    private DateTimeOffset NotBefore(DateTimeOffset now)
    {
        lock (_gate)
        {
            var next = _lastSigned - now > FurthestAhead ? now : _lastSigned.AddMilliseconds(1);
            return _lastSigned = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(now.ToUnixTimeMilliseconds(), next.ToUnixTimeMilliseconds()));
        }
    }
}
