using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace AgentPki.Server.Tls;

/// <summary>Looks into the first message of a TLS client (RFC 8446 §4.1.2) without taking it away: which signatures it can verify.</summary>
internal static class ClientHello
{
    private const int RecordHeader = 5;
    private const int LongestRecord = 16 * 1024;
    private const ushort SignatureAlgorithms = 13; // RFC 8446 §4.2.3

    /// <summary>Whether the client takes certificates with that signature scheme. False for whatever is no ClientHello in one record: TLS itself says what is wrong.</summary>
    /// <param name="scheme">IANA's SignatureScheme, for example 0x0905 for mldsa65.</param>
    /// <exception cref="OperationCanceledException">The client was too slow.</exception>
    internal static async ValueTask<bool> OffersAsync(PipeReader input, ushort scheme, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (WantsMore(buffer) && !read.IsCompleted)
            {
                input.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            var offers = Offers(buffer.Slice(0, Math.Min(buffer.Length, RecordHeader + LongestRecord)).ToArray(), scheme);
            input.AdvanceTo(buffer.Start); // nothing is consumed: the handshake reads it all again
            return offers;
        }
    }

    /// <summary>The same of a whole record.</summary>
    internal static bool Offers(ReadOnlySpan<byte> record, ushort scheme)
    {
        // RFC 8446 §5.1: handshake(22), version, length; §4: client_hello(1), length of three octets.
        var rest = record;
        if (!Skip(ref rest, RecordHeader) || record[0] != 22 || rest.Length < 4 || rest[0] != 1)
        {
            return false;
        }

        // §4.1.2: legacy_version, random, legacy_session_id, cipher_suites, legacy_compression_methods, extensions.
        if (!Skip(ref rest, 4 + 2 + 32) || !SkipVector(ref rest, 1) || !SkipVector(ref rest, 2) || !SkipVector(ref rest, 1) || !Skip(ref rest, 2))
        {
            return false;
        }

        while (rest.Length >= 4)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(rest);
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (!Skip(ref rest, 4) || rest.Length < length)
            {
                return false;
            }

            if (type == SignatureAlgorithms)
            {
                return Lists(rest[..length], scheme);
            }

            rest = rest[length..];
        }

        return false;
    }

    private static bool Lists(ReadOnlySpan<byte> extension, ushort scheme)
    {
        for (var schemes = extension.Length >= 2 ? extension[2..] : []; schemes.Length >= 2; schemes = schemes[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(schemes) == scheme)
            {
                return true;
            }
        }

        return false;
    }

    private static bool WantsMore(ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < RecordHeader)
        {
            return buffer.IsEmpty || buffer.FirstSpan[0] == 22;
        }

        Span<byte> header = stackalloc byte[RecordHeader];
        buffer.Slice(0, RecordHeader).CopyTo(header);
        return header[0] == 22 && BinaryPrimitives.ReadUInt16BigEndian(header[3..]) is var length and <= LongestRecord && buffer.Length < RecordHeader + length;
    }

    private static bool Skip(ref ReadOnlySpan<byte> rest, int count)
    {
        if (rest.Length < count)
        {
            return false;
        }

        rest = rest[count..];
        return true;
    }

    /// <summary>A vector whose length stands before it in one or two octets.</summary>
    private static bool SkipVector(ref ReadOnlySpan<byte> rest, int prefix)
    {
        if (rest.Length < prefix)
        {
            return false;
        }

        var length = prefix == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        return Skip(ref rest, prefix + length);
    }
}
