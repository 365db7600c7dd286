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
    private readonly ConcurrentDictionary<string, Failure> _failures = new(StringComparer.Ordinal);

    /// <summary>What to throw while it is not time yet; null: try.</summary>
    public KeyUnavailableException? WhyTooEarly(string name) =>
        _failures.TryGetValue(name, out var failure) && failure.Epoch == revocations.Epoch && failure.After - time.GetElapsedTime(failure.Since) is var left && left > TimeSpan.Zero
            ? new KeyUnavailableException(failure.Message, left)
            : null;

    public void Failed(string name, KeyUnavailableException failure) => _failures[name] = new Failure(time.GetTimestamp(), failure.RetryAfter, revocations.Epoch, failure.Message);

    public void Succeeded(string name) => _failures.TryRemove(name, out _);

    // By elapsed time, not by the hour: a clock that is set does not lengthen it.
    private sealed record Failure(long Since, TimeSpan After, long Epoch, string Message);
}
