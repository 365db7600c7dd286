using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Pkcs11;

/// <summary>
/// A PIN that was given at run time and lies in pinned memory alone: put together by a quorum, or typed at a ceremony. Until it is given, and once it was
/// taken back, the token cannot be logged in to; a token that was reset meanwhile is logged in to again by itself.
/// </summary>
/// <remarks>Whoever makes it disposes it, after the providers that use it. Any number of threads may use it.</remarks>
public sealed class PinInMemory : PinSource, IDisposable
{
    private static long _gifts;

    private readonly Lock _gate = new();
    private readonly string _whyMissing;
    private PinnedMemory? _pin;
    private long _version;
    private bool _disposed;

    /// <param name="whyMissing">One sentence for callers while there is no PIN: why, and what to do.</param>
    public PinInMemory(string whyMissing) => _whyMissing = whyMissing;

    /// <summary>With a PIN from the start; the caller's copy stays the caller's to zeroize.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public static PinInMemory Holding(ReadOnlySpan<byte> pin)
    {
        var source = new PinInMemory("The PIN was taken back.");
        source.Give(pin);
        return source;
    }

    public bool IsPresent
    {
        get
        {
            lock (_gate)
            {
                return _pin is not null;
            }
        }
    }

    public override string Remedy => "give the right PIN again";

    /// <summary>Takes a PIN over the one before; the caller's copy stays the caller's to zeroize.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public void Give(ReadOnlySpan<byte> pin)
    {
        if (pin.IsEmpty)
        {
            throw new ArgumentException("A PIN has at least one octet.", nameof(pin));
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Wipe();
            _pin = new PinnedMemory(pin.Length);
            pin.CopyTo(_pin.GetSpan());
        }
    }

    /// <summary>Zeroizes the PIN. A login that stands is not ended by this: that is its provider's business.</summary>
    public void TakeBack()
    {
        lock (_gate)
        {
            Wipe();
        }
    }

    /// <summary>Zeroizes the PIN for good.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Wipe();
            _disposed = true;
        }
    }

    public override string ToString() => "PIN given at run time";

    // One identity for all: each refusal is remembered with the number of the gift.
    internal override string Identity => "memory";

    internal override object Version => Interlocked.Read(ref _version);

    internal override byte[] Read()
    {
        lock (_gate)
        {
            if (_pin is null)
            {
                throw new InvalidOperationException(_whyMissing);
            }

            var copy = PinnedMemory.NewArray(_pin.Length);
            _pin.GetSpan().CopyTo(copy);
            return copy;
        }
    }

    // A PIN that people hold is nothing to make up.
    internal override void EnsurePresent() => CryptographicOperations.ZeroMemory(Read());

    internal override void Validate()
    {
    }

    private void Wipe()
    {
        ((IDisposable?)_pin)?.Dispose();
        _pin = null;
        Interlocked.Exchange(ref _version, Interlocked.Increment(ref _gifts));
    }
}
