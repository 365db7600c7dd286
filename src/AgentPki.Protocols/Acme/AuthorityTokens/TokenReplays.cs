namespace AgentPki.Protocols.Acme.AuthorityTokens;

/// <summary>
/// The tokens that were used and have not ended yet (RFC 9447 §4, <c>jti</c>). A token is good for one challenge; asked again for the same one, it stays good, since an
/// answer that could not be recorded is judged again. Kept in memory: after a restart, the account that a token names could use it again until it ends.
/// </summary>
internal sealed class TokenReplays(int capacity = TokenReplays.Capacity)
{
    private const int Capacity = 100_000;
    private readonly Dictionary<(string Authority, string Id), (string Use, long Expires)> _used = [];
    private readonly Lock _lock = new();

    /// <summary>Whether this is the first use, or the same one again; false too when there is no room to remember it.</summary>
    public bool TryUse(string authority, string id, string use, long expires, long now)
    {
        lock (_lock)
        {
            if (_used.TryGetValue((authority, id), out var earlier) && earlier.Expires > now)
            {
                return earlier.Use == use;
            }

            if (_used.Count >= capacity)
            {
                foreach (var ended in _used.Where(u => u.Value.Expires <= now).Select(u => u.Key).ToList())
                {
                    _used.Remove(ended);
                }
            }

            if (_used.Count >= capacity)
            {
                return false;
            }

            _used[(authority, id)] = (use, expires);
            return true;
        }
    }
}
