using System.Security.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Spiffe;

/// <summary>
/// An X.509-SVID with its private key, as all processes of one entry share it. The key lies in memory that the collector does not move, and is zeroized when another SVID takes its
/// place, or nobody wants it any more.
/// </summary>
public sealed class X509Svid : IDisposable
{
    private readonly Lock _guard = new();
    private readonly byte[] _key;
    private bool _isGone;

    internal X509Svid(WorkloadEntry entry, string profile, string authority, Certificate certificate, IReadOnlyList<Certificate> intermediates, ReadOnlySpan<byte> pkcs8, DateTimeOffset now)
    {
        (Entry, Profile, Authority, Certificate, Intermediates) = (entry, profile, authority, certificate, intermediates);
        _key = GC.AllocateUninitializedArray<byte>(pkcs8.Length, pinned: true);
        pkcs8.CopyTo(_key);
        // X509-SVID says nothing of when; half of the time leaves as much again for whatever keeps it from being renewed.
        RotateAt = now + ((certificate.NotAfter - now) / 2);
    }

    public WorkloadEntry Entry { get; }

    public Certificate Certificate { get; }

    /// <summary>From the issuing CA up, without the root.</summary>
    public IReadOnlyList<Certificate> Intermediates { get; }

    /// <summary>When another one takes its place.</summary>
    public DateTimeOffset RotateAt { get; }

    /// <summary>The profile and the kind of key it was made for: a campaign may ask for another.</summary>
    internal string Profile { get; }

    /// <summary>The CA that issued it.</summary>
    internal string Authority { get; }

    /// <summary>The issuer's revocation epoch and the agents' changes of state when it was last found to be good.</summary>
    internal (long Epoch, long AgentChanges) CheckedAt { get; set; }

    /// <summary>A copy of the key (PKCS#8), which the caller zeroizes; null: it is gone, ask for the SVID again.</summary>
    public byte[]? CopyKey()
    {
        lock (_guard)
        {
            if (_isGone)
            {
                return null;
            }

            var copy = GC.AllocateUninitializedArray<byte>(_key.Length, pinned: true);
            _key.CopyTo(copy, 0);
            return copy;
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            _isGone = true;
            CryptographicOperations.ZeroMemory(_key);
        }
    }
}
