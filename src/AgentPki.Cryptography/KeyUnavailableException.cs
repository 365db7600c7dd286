namespace AgentPki.Cryptography;

/// <summary>
/// A provider cannot work now (token gone, breaker open, deadline passed). Answered with 503 and Retry-After; the message names
/// the call and the likely cause, never a secret.
/// </summary>
public sealed class KeyUnavailableException : Exception
{
    public KeyUnavailableException(string message, TimeSpan retryAfter, Exception? inner = null)
        : base(message, inner) => RetryAfter = retryAfter;

    /// <summary>When it makes sense to try again.</summary>
    public TimeSpan RetryAfter { get; }
}
