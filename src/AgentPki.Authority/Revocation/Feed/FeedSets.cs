using AgentPki.Ledger.Revocations;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>Sets in memory, by name, so that ten thousand followers who want their buckets cost one read: the newest always, older ones up to a number of octets.</summary>
internal sealed class FeedSets(long capacity)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Name, RevocationSetServing Set)> _byUse = new(); // the last used first
    private long _octets;

    public RevocationSetServing? Find(string name)
    {
        lock (_gate)
        {
            for (var node = _byUse.First; node is not null; node = node.Next)
            {
                if (node.Value.Name == name)
                {
                    _byUse.Remove(node);
                    _byUse.AddFirst(node);
                    return node.Value.Set;
                }
            }

            return null;
        }
    }

    public void Add(string name, RevocationSetServing set)
    {
        lock (_gate)
        {
            for (var node = _byUse.First; node is not null; node = node.Next)
            {
                if (node.Value.Name == name)
                {
                    return;
                }
            }

            _byUse.AddFirst((name, set));
            _octets += set.Set.Octets.Length;
            while (_octets > capacity && _byUse.Last is { } last && last != _byUse.First)
            {
                _octets -= last.Value.Set.Set.Octets.Length;
                _byUse.RemoveLast();
            }
        }
    }
}
