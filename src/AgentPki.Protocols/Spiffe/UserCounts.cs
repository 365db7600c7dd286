using System.Collections.Concurrent;

namespace AgentPki.Protocols.Spiffe;

/// <summary>How many of something each user of this machine has open.</summary>
internal sealed class UserCounts(int maximum)
{
    private readonly ConcurrentDictionary<uint, int> _open = new();

    /// <summary>False: he has as many as he may; nothing was counted.</summary>
    public bool TryEnter(uint user)
    {
        if (_open.AddOrUpdate(user, 1, static (_, count) => count + 1) <= maximum)
        {
            return true;
        }

        Leave(user);
        return false;
    }

    public void Leave(uint user)
    {
        if (_open.AddOrUpdate(user, 0, static (_, count) => count - 1) <= 0)
        {
            _open.TryRemove(KeyValuePair.Create(user, 0));
        }
    }
}
