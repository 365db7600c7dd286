using AgentPki.Cryptography;

namespace AgentPki.Authority.Issuance;

/// <summary>Knows whether a helper's key could sign when it was last asked: while it cannot, a helper with a key in another token takes its place.</summary>
internal sealed class KeyWatch
{
    private volatile bool _isAway;

    public bool IsAway => _isAway;

    /// <exception cref="KeyUnavailableException">The key is away, which is known from then on.</exception>
    public async ValueTask<T> WatchAsync<T>(ValueTask<T> signing)
    {
        try
        {
            var signed = await signing;
            _isAway = false;
            return signed;
        }
        catch (KeyUnavailableException)
        {
            _isAway = true;
            throw;
        }
    }
}
