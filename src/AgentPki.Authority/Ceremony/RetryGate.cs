using System.Collections.Concurrent;
using AgentPki.Authority.Commit;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// Remembers that something could not be made, and when it makes sense to try again: until then, or until the next revocation or release, whoever asks is told so at once. Otherwise
/// anybody's question would be another try, with its entry in the ledger.
/// </summary>
internal sealed class RetryGate(RevocationClock revocations, TimeProvider time)
{
    // Between two tries that revocations let through: where many are revoked, each would else be a try.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, Failure> _failures = new(StringComparer.Ordinal);

    /// <summary>What to throw while it is not time yet; null: try.</summary>
    public KeyUnavailableException? WhyTooEarly(string name)
    {
        if (!_failures.TryGetValue(name, out var failure))
        {
            return null;
        }

        var after = failure.Epoch == revocations.Epoch ? failure.After
            : !failure.WasEarly ? TimeSpan.Zero
            : failure.After < Shortest ? failure.After : Shortest;
        return after - time.GetElapsedTime(failure.Since) is var left && left > TimeSpan.Zero ? new KeyUnavailableException(failure.Message, left) : null;
    }

    /// <param name="epoch">Read before the try: what was released during it may be what it needs.</param>
    public void Failed(string name, KeyUnavailableException failure, long epoch)
    {
        var wasEarly = _failures.TryGetValue(name, out var before) && time.GetElapsedTime(before.Since) < before.After;
        _failures[name] = new Failure(time.GetTimestamp(), failure.RetryAfter, epoch, wasEarly, failure.Message);
    }

    public void Succeeded(string name) => _failures.TryRemove(name, out _);

    // By elapsed time, not by the hour: a clock that is set does not lengthen it.
    private sealed record Failure(long Since, TimeSpan After, long Epoch, bool WasEarly, string Message);
}
