namespace AgentPki.Authority.Store;

/// <summary>How far a CA has gone over to its successor. The numbers are the store's.</summary>
public enum SuccessionState : byte
{
    /// <summary>The successor is there and is given out; the predecessor still issues.</summary>
    Prepared = 0,

    /// <summary>Agents' certificates come from the successor.</summary>
    Switched = 1,

    /// <summary>Everything does. The predecessor signs its CRL and OCSP answers alone, for as long as something of it is valid.</summary>
    Finished = 2,
}

/// <summary>A CA and the one that takes its place. One successor a CA.</summary>
/// <param name="NewWithOld">A root's new key certified by its old one (RFC 9810 §4.4.1); null for other CAs.</param>
/// <param name="OldWithNew">A root's old key certified by its new one; null for other CAs.</param>
/// <param name="SwitchAt">When agents' certificates begin to come from the successor; null: when somebody says so.</param>
/// <param name="ServedUntil">Until then both chains and the roll-over certificates are given out.</param>
public sealed record SuccessionRecord(
    string Predecessor, string Successor, SuccessionState State, byte[]? NewWithOld, byte[]? OldWithNew, DateTimeOffset Created, DateTimeOffset? SwitchAt, DateTimeOffset ServedUntil)
{
    /// <summary>Whether both chains are given out: until it is finished, and no longer than that.</summary>
    public bool IsServedAt(DateTimeOffset now) => State != SuccessionState.Finished && now < ServedUntil;

    /// <summary>A CA and those that took its place, one after the other, as far as successions have reached at least that state.</summary>
    /// <param name="successionOf">By the predecessor's name.</param>
    public static IEnumerable<string> LineOf(string authority, Func<string, SuccessionRecord?> successionOf, SuccessionState atLeast)
    {
        yield return authority;
        while (successionOf(authority) is { } succession && succession.State >= atLeast)
        {
            yield return authority = succession.Successor;
        }
    }
}
