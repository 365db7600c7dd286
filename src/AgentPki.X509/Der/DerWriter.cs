using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AgentPki.X509.Der;

/// <summary>
/// Writes DER front to back into one pooled buffer; a constructed element is a <c>using</c> block whose length is patched in when it closes.
/// </summary>
/// <remarks>Dispose returns the buffer; <see cref="ToArray"/> copies what was written. Not for concurrent use.</remarks>
public sealed class DerWriter : IDisposable
{
    private byte[] _buffer;
    private int _length;

    public DerWriter(int capacity = 1024) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <exception cref="InvalidOperationException">Nothing was written.</exception>
    public byte[] ToArray() => _length > 0 ? Written.ToArray() : throw new InvalidOperationException("Nothing was written.");

    /// <summary>Forgets what was written, and keeps the buffer for more.</summary>
    public void Clear() => _length = 0;

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            // Private keys pass through here on their way into a CMS envelope.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    public Scope Sequence() => Constructed(DerTag.Sequence);

    /// <summary>A SET OF: its elements are put into DER order when it closes (X.690 §11.6).</summary>
    public Scope SetOf(byte tag = DerTag.Set) => new(this, Begin(tag), sorted: true);

    /// <summary>Any constructed element, for example <c>DerTag.ContextConstructed(3)</c>.</summary>
    public Scope Constructed(byte tag) => new(this, Begin(tag), sorted: false);

    /// <summary>A primitive element whose content is DER again: OCTET STRING around a value.</summary>
    public Scope OctetString() => Constructed(DerTag.OctetString);

    /// <summary>Something already encoded.</summary>
    public void WriteEncoded(ReadOnlySpan<byte> der) => der.CopyTo(Reserve(der.Length));

    public void Write(byte tag, ReadOnlySpan<byte> content)
    {
        WriteHeader(tag, content.Length);
        content.CopyTo(Reserve(content.Length));
    }

    public void WriteBoolean(bool value, byte tag = DerTag.Boolean) => Write(tag, value ? [0xFF] : [0x00]);

    public void WriteNull() => Write(DerTag.Null, []);

    public void WriteInteger(long value, byte tag = DerTag.Integer)
    {
        Span<byte> octets = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(octets, value);
        var skip = 0;
        while (skip < 7 && ((octets[skip] == 0 && octets[skip + 1] < 0x80) || (octets[skip] == 0xFF && octets[skip + 1] >= 0x80)))
        {
            skip++;
        }

        Write(tag, octets[skip..]);
    }

    /// <summary>A non-negative INTEGER from big-endian octets; leading zeros are dropped, a sign octet is added where needed.</summary>
    public void WriteUnsignedInteger(ReadOnlySpan<byte> magnitude)
    {
        magnitude = magnitude.TrimStart((byte)0);
        var sign = magnitude.IsEmpty || magnitude[0] >= 0x80 ? 1 : 0;
        WriteHeader(DerTag.Integer, magnitude.Length + sign);
        if (sign == 1)
        {
            Reserve(1)[0] = 0;
        }

        magnitude.CopyTo(Reserve(magnitude.Length));
    }

    public void WriteOid(string dotted, byte tag = DerTag.ObjectIdentifier) => Write(tag, ObjectIdentifier.Encode(dotted));

    public void WriteOctetString(ReadOnlySpan<byte> content) => Write(DerTag.OctetString, content);

    /// <summary>A BIT STRING of whole octets.</summary>
    public void WriteBitString(ReadOnlySpan<byte> octets, byte tag = DerTag.BitString)
    {
        WriteHeader(tag, octets.Length + 1);
        Reserve(1)[0] = 0;
        octets.CopyTo(Reserve(octets.Length));
    }

    /// <summary>A named bit list without trailing zeros (X.690 §11.2.2); bit <c>i</c> of the standard is <c>1 &lt;&lt; i</c>.</summary>
    public void WriteNamedBits(uint flags, byte tag = DerTag.BitString)
    {
        var bits = 32 - BitOperations.LeadingZeroCount(flags);
        Span<byte> content = stackalloc byte[1 + (bits + 7) / 8];
        content.Clear();
        content[0] = (byte)((8 - bits % 8) % 8);
        for (var bit = 0; bit < bits; bit++)
        {
            content[1 + bit / 8] |= (byte)((flags >> bit & 1) << (7 - bit % 8));
        }

        Write(tag, content);
    }

    /// <summary>A string whose characters the caller has checked against <paramref name="type"/>.</summary>
    public void WriteString(byte type, string text, byte? tag = null)
    {
        var encoding = type == DerTag.Utf8String ? Encoding.UTF8 : Encoding.ASCII;
        var count = encoding.GetByteCount(text);
        WriteHeader(tag ?? type, count);
        encoding.GetBytes(text, Reserve(count));
    }

    /// <summary>RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; whole seconds, Zulu.</summary>
    public void WriteTime(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        if (utc.Year is >= 1950 and < 2050)
        {
            WriteHeader(DerTag.UtcTime, 13);
            WriteDateTime(Reserve(13), utc, utc.Year % 100);
        }
        else
        {
            WriteGeneralizedTime(time);
        }
    }

    public void WriteGeneralizedTime(DateTimeOffset time, byte tag = DerTag.GeneralizedTime)
    {
        var utc = time.UtcDateTime;
        WriteHeader(tag, 15);
        var text = Reserve(15);
        WriteTwo(text, utc.Year / 100);
        WriteDateTime(text[2..], utc, utc.Year % 100);
    }

    private static void WriteDateTime(Span<byte> text, DateTime utc, int year)
    {
        WriteTwo(text, year);
        WriteTwo(text[2..], utc.Month);
        WriteTwo(text[4..], utc.Day);
        WriteTwo(text[6..], utc.Hour);
        WriteTwo(text[8..], utc.Minute);
        WriteTwo(text[10..], utc.Second);
        text[12] = (byte)'Z';
    }

    private static void WriteTwo(Span<byte> text, int value)
    {
        text[0] = (byte)('0' + value / 10);
        text[1] = (byte)('0' + value % 10);
    }

    /// <summary>Identifier and length alone; the content is written by whoever calls, here or elsewhere.</summary>
    public void WriteHeader(byte tag, int length)
    {
        if (length < 0x80)
        {
            var header = Reserve(2);
            header[0] = tag;
            header[1] = (byte)length;
            return;
        }

        var octets = LengthOctets(length);
        var wide = Reserve(2 + octets);
        wide[0] = tag;
        wide[1] = (byte)(0x80 | octets);
        WriteLength(wide[2..], length, octets);
    }

    private static int LengthOctets(int length) => (32 - BitOperations.LeadingZeroCount((uint)length) + 7) / 8;

    private static void WriteLength(Span<byte> target, int length, int octets)
    {
        for (var i = octets - 1; i >= 0; i--)
        {
            target[i] = (byte)length;
            length >>= 8;
        }
    }

    private int Begin(byte tag)
    {
        var header = Reserve(2);
        header[0] = tag;
        return _length;
    }

    private void End(int start)
    {
        var length = _length - start;
        if (length < 0x80)
        {
            _buffer[start - 1] = (byte)length;
            return;
        }

        // The one-octet length was too small: move the content up to make room.
        var octets = LengthOctets(length);
        Reserve(octets);
        _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + octets));
        _buffer[start - 1] = (byte)(0x80 | octets);
        WriteLength(_buffer.AsSpan(start), length, octets);
    }

    private void SortSet(int start)
    {
        var reader = new DerReader(_buffer.AsMemory(start, _length - start));
        var elements = new List<byte[]>();
        while (!reader.IsEmpty)
        {
            elements.Add(reader.ReadElement("SET OF").ToArray());
        }

        if (elements.Count < 2)
        {
            return;
        }

        elements.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        _length = start;
        foreach (var element in elements)
        {
            WriteEncoded(element);
        }
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Grow(count);
        }

        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(_length + count, (int)Math.Min(_buffer.Length * 2L, Array.MaxLength))));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = larger;
    }

    /// <summary>An open constructed element; disposing closes it.</summary>
    public readonly ref struct Scope
    {
        private readonly DerWriter _writer;
        private readonly int _start;
        private readonly bool _sorted;

        internal Scope(DerWriter writer, int start, bool sorted) => (_writer, _start, _sorted) = (writer, start, sorted);

        public void Dispose()
        {
            if (_sorted)
            {
                _writer.SortSet(_start);
            }

            _writer.End(_start);
        }
    }
}
