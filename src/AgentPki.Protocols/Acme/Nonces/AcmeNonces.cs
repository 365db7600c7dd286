using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme.Nonces;

/// <summary>
/// Anti-replay nonces (RFC 8555 §6.5) of which none is accepted twice, across restarts too, in memory that does not grow. Safe for any number of callers at once.
/// </summary>
/// <remarks>
/// A nonce is base64url of 30 octets: node (2), boot epoch (4), number (6), seconds since the boot (4), and the first 14 octets of HMAC-SHA-256 over those. The MAC's
/// key is made at every start and kept nowhere: what it does not fit was not made by this instance, so nothing of an earlier one is ever accepted.
/// Which of the last numbers were redeemed is a bitmap; older numbers are refused. The node in front says where a nonce can be redeemed. Nobody asks that node
/// today: the appliance is one node, and one that gets another's nonce says whose it is and refuses it (badNonce), with a nonce of its own.
/// </remarks>
public sealed class AcmeNonces
{
    /// <summary>Characters of every nonce.</summary>
    public const int Length = 40;

    private const int Octets = 30;
    private const int NodeOctets = 2;
    private const int EpochOctets = 4;
    private const int NumberStart = NodeOctets + EpochOctets;
    private const int SecondsStart = NumberStart + 6;
    private const int MacStart = SecondsStart + 4;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
    private readonly byte[] _prefix = new byte[NodeOctets + EpochOctets];
    private readonly NonceWindow _window;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly uint _maximumAge;

    /// <exception cref="ArgumentException">The options cannot be used (<see cref="AcmeNonceOptions.Problems"/>).</exception>
    public AcmeNonces(AcmeNonceOptions options, TimeProvider time)
    {
        if (options.Problems().FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        (_window, _time, _start) = (new NonceWindow(options.Window), time, time.GetTimestamp());
        _maximumAge = (uint)options.MaximumAge.TotalSeconds;
        Node = options.Node;
        BinaryPrimitives.WriteUInt16BigEndian(_prefix, options.Node);
        RandomNumberGenerator.Fill(_prefix.AsSpan(NodeOctets));
    }

    /// <summary>The node that redeems these.</summary>
    public ushort Node { get; }

    /// <summary>The node at which a nonce would have to be redeemed; null when it is no nonce of this form. What it says was not verified.</summary>
    public static ushort? Home(ReadOnlySpan<char> nonce)
    {
        Span<byte> octets = stackalloc byte[Octets];
        return TryDecode(nonce, octets) ? BinaryPrimitives.ReadUInt16BigEndian(octets) : null;
    }

    /// <summary>A new nonce: 40 characters of base64url.</summary>
    public string Create()
    {
        Span<byte> octets = stackalloc byte[Octets];
        _prefix.CopyTo(octets);
        var number = _window.Give();
        BinaryPrimitives.WriteUInt16BigEndian(octets[NumberStart..], (ushort)(number >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(octets[(NumberStart + 2)..], (uint)number);
        BinaryPrimitives.WriteUInt32BigEndian(octets[SecondsStart..], Seconds());
        WriteMac(octets[..MacStart], octets[MacStart..]);
        return Base64Url.EncodeToString(octets);
    }

    /// <summary>Redeems a nonce; of all calls with one nonce, at one time or ever after, one is told <see cref="NonceVerdict.Accepted"/>.</summary>
    /// <param name="nonce">What a client sent; anything that is no nonce costs a comparison or two.</param>
    public NonceVerdict TryRedeem(ReadOnlySpan<char> nonce)
    {
        Span<byte> octets = stackalloc byte[Octets];
        if (!TryDecode(nonce, octets) || !octets.StartsWith(_prefix))
        {
            return NonceVerdict.Unknown;
        }

        Span<byte> mac = stackalloc byte[Octets - MacStart];
        WriteMac(octets[..MacStart], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, octets[MacStart..]))
        {
            return NonceVerdict.Unknown;
        }

        // From here on the octets are known to be what Create wrote.
        if (Seconds() - BinaryPrimitives.ReadUInt32BigEndian(octets[SecondsStart..]) > _maximumAge)
        {
            return NonceVerdict.Expired;
        }

        var number = ((long)BinaryPrimitives.ReadUInt16BigEndian(octets[NumberStart..]) << 32) | BinaryPrimitives.ReadUInt32BigEndian(octets[(NumberStart + 2)..]);
        return _window.Take(number);
    }

    private static bool TryDecode(ReadOnlySpan<char> nonce, Span<byte> octets)
    {
        Span<byte> text = stackalloc byte[Length];
        return nonce.Length == Length
            && System.Text.Ascii.FromUtf16(nonce, text, out _) == System.Buffers.OperationStatus.Done
            && JoseBase64.TryDecode(text, octets, out _);
    }

    private void WriteMac(ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, content, whole);
        whole[..mac.Length].CopyTo(mac);
    }

    // The monotonic clock: setting the wall clock neither revives nor ends a nonce.
    private uint Seconds() => (uint)_time.GetElapsedTime(_start).TotalSeconds;
}
