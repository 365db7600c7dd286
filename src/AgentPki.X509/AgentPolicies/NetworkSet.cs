using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace AgentPki.X509.AgentPolicies;

/// <summary>The networks from which an agent may act. Sorted; none within another, no two that are halves of one: so that whether all of one set lies in another is seen network by network, exactly.</summary>
public sealed class NetworkSet : IEquatable<NetworkSet>
{
    /// <summary>Networks in one set.</summary>
    public const int Maximum = 64;

    private NetworkSet(ImmutableArray<Network> networks) => Networks = networks;

    /// <summary>No address at all.</summary>
    public static NetworkSet Nowhere { get; } = new([]);

    public ImmutableArray<Network> Networks { get; }

    /// <exception cref="FormatException">A network that is none, or more than <see cref="Maximum"/>.</exception>
    public static NetworkSet Of(params IEnumerable<string> networks) => TryCreate(networks.Select(Network.Parse), out var set, out var error) ? set : throw new FormatException(error);

    public static bool TryCreate(IEnumerable<Network> networks, [NotNullWhen(true)] out NetworkSet? set, [NotNullWhen(false)] out string? error)
    {
        // Sorted by address, then by prefix: whatever holds others stands before them, and halves of one stand side by side.
        var joined = new List<Network>();
        foreach (var network in networks.Order())
        {
            if (joined.Count > 0 && joined[^1].Contains(network))
            {
                continue;
            }

            joined.Add(network);
            while (joined.Count > 1 && joined[^2].TryJoin(joined[^1], out var whole))
            {
                joined.RemoveRange(joined.Count - 2, 2);
                joined.Add(whole);
            }
        }

        error = joined.Count > Maximum ? $"{joined.Count} networks: at most {Maximum} fit" : null;
        set = error is null ? new NetworkSet([.. joined]) : null;
        return error is null;
    }

    public bool Contains(IPAddress address) => Networks.Any(network => network.Contains(address));

    /// <summary>A network of <paramref name="inner"/> that does not lie in one of these; null: each does.</summary>
    public Network? FindOutside(NetworkSet inner)
    {
        foreach (var network in inner.Networks)
        {
            if (!Networks.Any(outer => outer.Contains(network)))
            {
                return network;
            }
        }

        return null;
    }

    public NetworkSet Intersect(NetworkSet other)
    {
        // Of two networks one lies in the other, or they have nothing in common.
        var common = Networks.Where(n => other.Networks.Any(o => o.Contains(n))).Concat(other.Networks.Where(o => Networks.Any(n => n.Contains(o))));
        return TryCreate(common, out var set, out var error) ? set : throw new FormatException(error);
    }

    public bool Equals(NetworkSet? other) => other is not null && Networks.AsSpan().SequenceEqual(other.Networks.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as NetworkSet);

    public override int GetHashCode() => Networks.IsEmpty ? 0 : HashCode.Combine(Networks.Length, Networks[0]);

    public override string ToString() => string.Join(' ', Networks);
}
