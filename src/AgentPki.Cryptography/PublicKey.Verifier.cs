using AgentPki.Cryptography.Providers.Platform;

namespace AgentPki.Cryptography;

public sealed partial class PublicKey
{
    private PlatformVerifier? _idleVerifier;
    private int _verifications;

    /// <summary>
    /// The platform's form of this key, if one is idle. Making one costs something, so a key that verifies again and again (a CA's)
    /// keeps one; a key seen once (a request's) leaves nothing for the finalizer. One caller at a time holds it: the platform's objects are not thread-safe.
    /// </summary>
    internal PlatformVerifier? TakeVerifier() => Interlocked.Exchange(ref _idleVerifier, null);

    internal void ReturnVerifier(PlatformVerifier? verifier)
    {
        if (verifier is null || (Interlocked.Increment(ref _verifications) > 1 && Interlocked.CompareExchange(ref _idleVerifier, verifier, null) is null))
        {
            return;
        }

        verifier.Dispose();
    }
}
