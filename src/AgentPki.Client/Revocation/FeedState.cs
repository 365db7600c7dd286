using System.Diagnostics.CodeAnalysis;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>What became of a statement.</summary>
internal enum Application
{
    /// <summary>Its event was taken up, or the time as of which everything is known moved on.</summary>
    Applied,

    /// <summary>It says nothing new.</summary>
    Known,

    /// <summary>Something before it is missing.</summary>
    Gap,

    /// <summary>It is of another feed: the appliance was restored, and everything must be fetched anew.</summary>
    OtherFeed,

    /// <summary>It is signed further in the future than is tolerated.</summary>
    FromTheFuture,
}

/// <summary>
/// What the feed said so far, without any I/O: a snapshot, and upon it, in their order, named certificates and sets. Whoever calls holds its lock (<see cref="RevocationView"/>).
/// </summary>
internal sealed class FeedState(RevocationFollowerOptions options, TimeProvider clock)
{
    private readonly Dictionary<RevocationMember, (long Sequence, RevocationStatus? Status)> _named = [];
    private readonly List<SetLayer> _layers = []; // the newest last
    private HashSet<string> _authorities = new(StringComparer.Ordinal);
    private DateTimeOffset _lastSigned;
    private long _heard; // when AsOf moved on, by the clock that nobody sets
    private string? _feed;

    /// <summary>The last event that was taken up; -1 before the first snapshot.</summary>
    public long Sequence { get; private set; } = -1;

    /// <summary>As of when nothing is missing, by the appliance's clock; null before the first heartbeat.</summary>
    public DateTimeOffset? AsOf { get; private set; }

    public IReadOnlyList<SetLayer> Layers => _layers;

    /// <summary>Whether so much has gathered that a new snapshot is due.</summary>
    public bool IsCrowded => _named.Count + (1000L * _layers.Count) > options.MostSinceSnapshot + 1000L || _layers.Exists(l => l.IsGone);

    /// <summary>
    /// Whether the last word is too old, or further ahead of this machine's clock than is tolerated: after a clock was set back every later statement is refused as of the future, and by the
    /// difference alone nothing would ever be old. The time that has passed since it was heard counts as well, whatever became of the clock.
    /// </summary>
    public bool IsStale => AsOf is not { } asOf || clock.GetUtcNow() - asOf is var age && (age > options.MaximumStaleness || age < -options.ClockTolerance)
        || clock.GetElapsedTime(_heard) > options.MaximumStaleness;

    public bool IsOlder(SnapshotStatement snapshot) => snapshot.Feed == _feed && snapshot.Sequence < Sequence;

    /// <summary>Begins with a snapshot, or, where it is older than what is known of the same feed, puts it in the place of all that it includes.</summary>
    public void Begin(SnapshotStatement snapshot, SetLayer layer)
    {
        if (IsOlder(snapshot))
        {
            foreach (var (member, known) in _named)
            {
                if (known.Sequence <= snapshot.Sequence)
                {
                    _named.Remove(member);
                }
            }

            _layers.RemoveAll(l => l.Sequence <= snapshot.Sequence);
            _layers.Insert(0, layer);
            return;
        }

        if (snapshot.Feed != _feed)
        {
            AsOf = null;
            _lastSigned = default;
        }

        (_feed, Sequence) = (snapshot.Feed, snapshot.Sequence);
        _named.Clear();
        _layers.Clear();
        _layers.Add(layer);
        TakeAuthorities(snapshot);
    }

    public Application Apply(RevocationStatement statement)
    {
        var now = clock.GetUtcNow();
        if (statement.Signed - now > options.ClockTolerance)
        {
            return Application.FromTheFuture;
        }

        if (statement.Feed != _feed)
        {
            return statement.Signed < _lastSigned ? Application.Known : Application.OtherFeed;
        }

        return statement switch
        {
            HeartbeatStatement heartbeat => Apply(heartbeat, now),
            RevocationEventStatement happened when happened.Sequence <= Sequence => Application.Known,
            RevocationEventStatement happened when happened.Sequence == Sequence + 1 => Apply(happened),
            RevocationEventStatement => Application.Gap,
            _ => Application.Known, // a snapshot is asked for, and taken up by Begin
        };
    }

    /// <summary>What is known of a certificate, however old that is.</summary>
    public RevocationStatus Find(Certificate certificate, out RevocationMember member) => Find(certificate.AuthorityKeyIdentifier, certificate.SerialNumber, out member);

    /// <summary>The same of one that is known by name alone.</summary>
    /// <param name="authority">Its issuer's key identifier.</param>
    public RevocationStatus Find(ReadOnlyMemory<byte> authority, ReadOnlyMemory<byte> serial, out RevocationMember member)
    {
        member = RevocationMember.Of(authority.Span, serial.Span);
        return Covers(authority) ? Find(member) : new RevocationStatus.NotCovered();
    }

    public RevocationStatus Find(RevocationMember member)
    {
        var named = _named.TryGetValue(member, out var found) ? found.Sequence : -1;
        for (var i = _layers.Count - 1; i >= 0 && _layers[i].Sequence > named; i--)
        {
            switch (_layers[i].Contains(member))
            {
                case null:
                    return new RevocationStatus.NotKnown(_layers[i].Stated.Name, _layers[i].BucketOf(member));
                case true:
                    return _layers[i].Status ?? Good();
                default:
                    break;
            }
        }

        return found.Status ?? Good();
    }

    public bool TryFindLayer(string name, [NotNullWhen(true)] out SetLayer? layer)
    {
        layer = _layers.Find(l => l.Stated.Name == name);
        return layer is not null;
    }

    private RevocationStatus.Good Good() => new(Sequence, AsOf ?? default);

    private bool Covers(ReadOnlyMemory<byte> authority) => !authority.IsEmpty && _authorities.Contains(Name(authority));

    private Application Apply(HeartbeatStatement heartbeat, DateTimeOffset now)
    {
        // Where a clock was ahead and both were set right, the last word lies in the future, and would make a replay of every true one.
        if (heartbeat.Signed <= _lastSigned && _lastSigned - now <= options.ClockTolerance)
        {
            return Application.Known; // replayed
        }

        if (heartbeat.Sequence != Sequence)
        {
            return heartbeat.Sequence > Sequence ? Application.Gap : Application.Known; // signed just before an event that is here already
        }

        (AsOf, _lastSigned, _heard) = (heartbeat.Signed, heartbeat.Signed, clock.GetTimestamp());
        TakeAuthorities(heartbeat);
        return Application.Applied;
    }

    private Application Apply(RevocationEventStatement happened)
    {
        RevocationStatus? status = happened.IsRelease ? null
            : happened.IsHold ? new RevocationStatus.Held(happened.Time, happened.Sequence)
            : new RevocationStatus.Revoked(happened.Reason, happened.Time, happened.Sequence);
        foreach (var certificate in happened.Certificates)
        {
            _named[RevocationMember.Of(happened.Authorities[certificate.Authority].Span, certificate.Serial.Span)] = (happened.Sequence, status);
        }

        if (happened.Set is { } set)
        {
            _layers.Add(new SetLayer(set, happened.Sequence, status));
        }

        Sequence = happened.Sequence;
        // When it happened, nothing after it had: a long run of events leaves no time for heartbeats, and nobody need fail closed for it.
        if (AsOf is { } asOf && happened.Time > asOf && happened.Time <= happened.Signed)
        {
            (AsOf, _heard) = (happened.Time, clock.GetTimestamp());
        }

        // An older list may lack a CA that a heartbeat has named since.
        _authorities.UnionWith(happened.Authorities.Select(Name));
        return Application.Applied;
    }

    private void TakeAuthorities(RevocationStatement statement) => _authorities = [.. statement.Authorities.Select(Name)];

    private static string Name(ReadOnlyMemory<byte> keyIdentifier) => Convert.ToHexStringLower(keyIdentifier.Span);
}
