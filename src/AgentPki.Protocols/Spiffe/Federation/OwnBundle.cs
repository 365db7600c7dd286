using System.Security.Cryptography;
using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>This trust domain's bundle as others fetch it. Its sequence is the time at which it was first said so, in seconds: it rises over restarts too, as long as the clock does.</summary>
public sealed class OwnBundle(WorkloadAuthority workloads, TimeSpan refreshHint, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _making = new(1, 1);
    private string _version = "";
    private long _sequence;

    /// <summary>The document as of now.</summary>
    /// <exception cref="Cryptography.KeyUnavailableException">The token cannot open the key of JWT-SVIDs.</exception>
    /// <exception cref="AgentPki.Authority.Store.StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<byte[]> CurrentAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            var document = new BundleDocument(workloads.Bundles.Roots(), await workloads.Tokens.VerifiersAsync(cancellationToken), null, null);
            var version = Convert.ToHexString(SHA256.HashData(document.Encode()));
            if (version != _version)
            {
                (_version, _sequence) = (version, Math.Max(_sequence + 1, time.GetUtcNow().ToUnixTimeSeconds()));
            }

            return (document with { Sequence = _sequence, RefreshHint = refreshHint }).Encode();
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose() => _making.Dispose();
}
