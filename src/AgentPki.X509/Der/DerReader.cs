namespace AgentPki.X509.Der;

/// <summary>
/// A strict, forward-only reader of DER (X.690 §10, §11) over one buffer: definite minimal lengths, minimal integers, booleans 00 or FF,
/// single-octet tags, bounded depth. What it hands out are slices of the caller's buffer, never copies.
/// </summary>
/// <remarks>Every method names the field it reads, and a failure says the field and its offset in the outermost buffer.</remarks>
public ref partial struct DerReader
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly ReadOnlySpan<byte> _data;
    private readonly int _base;
    private readonly int _depth;
    private int _position;

    /// <param name="data">Exactly what is to be read.</param>
    public DerReader(ReadOnlyMemory<byte> data)
        : this(data, 0, 0)
    {
    }

    private DerReader(ReadOnlyMemory<byte> data, int origin, int depth)
    {
        _memory = data;
        _data = data.Span;
        _base = origin;
        _depth = depth;
        _position = 0;
    }

    public readonly bool IsEmpty => _position == _data.Length;

    /// <summary>Offset of the next element in the outermost buffer.</summary>
    public readonly int Offset => _base + _position;

    /// <summary>The next identifier octet; 0 at the end.</summary>
    public readonly byte NextTag => _position < _data.Length ? _data[_position] : (byte)0;

    /// <summary>Whether the next element carries <paramref name="tag"/>: how OPTIONAL and DEFAULT are read.</summary>
    public readonly bool NextIs(byte tag) => _position < _data.Length && _data[_position] == tag;

    /// <summary>Reads one element of that tag and returns its content octets.</summary>
    public ReadOnlyMemory<byte> ReadContent(byte tag, string field)
    {
        var start = ReadHeader(tag, field, out var length);
        _position = start + length;
        return _memory.Slice(start, length);
    }

    /// <summary>Reads one element of that tag and returns it whole: identifier, length and content.</summary>
    public ReadOnlyMemory<byte> ReadElement(byte tag, string field)
    {
        var first = _position;
        var start = ReadHeader(tag, field, out var length);
        _position = start + length;
        return _memory[first.._position];
    }

    /// <summary>Reads one element of any tag whole.</summary>
    public ReadOnlyMemory<byte> ReadElement(string field)
    {
        if (IsEmpty)
        {
            throw Malformed($"{field}: missing");
        }

        return ReadElement(_data[_position], field);
    }

    /// <summary>Opens a constructed element; the inner reader must be read to its <see cref="End"/>.</summary>
    public DerReader ReadConstructed(byte tag, string field)
    {
        var start = ReadHeader(tag, field, out var length);
        if (_depth + 1 >= Limits.Depth)
        {
            throw Malformed($"{field}: nested deeper than {Limits.Depth} levels");
        }

        _position = start + length;
        return new DerReader(_memory.Slice(start, length), _base + start, _depth + 1);
    }

    public DerReader ReadSequence(string field) => ReadConstructed(DerTag.Sequence, field);

    public DerReader ReadSet(string field) => ReadConstructed(DerTag.Set, field);

    /// <summary>Opens the DER inside an element that was read before, keeping the depth and, for errors, the offset.</summary>
    public readonly DerReader Inside(ReadOnlyMemory<byte> content)
    {
        if (_depth + 1 >= Limits.Depth)
        {
            throw Malformed($"nested deeper than {Limits.Depth} levels");
        }

        var origin = _base + Math.Max(0, _position - content.Length);
        return new DerReader(content, origin, _depth + 1);
    }

    /// <summary>Skips the rest; for content whose bound was exceeded or that has no meaning here.</summary>
    public void SkipRest() => _position = _data.Length;

    /// <summary>Requires that everything was read: trailing octets are an attack or a mistake, never padding.</summary>
    public readonly void End(string field)
    {
        if (_position != _data.Length)
        {
            throw Malformed($"{field}: {_data.Length - _position} octets after the last field");
        }
    }

    /// <summary>A failure at the current position.</summary>
    public readonly MalformedDataException Malformed(string message) => new(message, Offset);

    private int ReadHeader(byte tag, string field, out int length)
    {
        var data = _data;
        var position = _position;
        if (data.Length - position < 2)
        {
            throw Malformed(position == data.Length ? $"{field}: missing" : $"{field}: truncated");
        }

        var found = data[position];
        if (found != tag)
        {
            throw Malformed($"{field}: tag {found:X2} where {tag:X2} belongs");
        }

        // X.690 §8.1.2.4: the high-tag-number form has no use in PKIX and would desynchronise everything after it.
        if ((found & 0x1F) == 0x1F)
        {
            throw Malformed($"{field}: multi-octet tag");
        }

        length = data[position + 1];
        position += 2;
        if (length >= 0x80)
        {
            position = ReadLongLength(position, field, ref length);
        }

        if (length > data.Length - position)
        {
            throw Malformed($"{field}: length {length} but {data.Length - position} octets remain");
        }

        return position;
    }

    private readonly int ReadLongLength(int position, string field, ref int length)
    {
        var octets = length & 0x7F;
        // X.690 §10.1: definite form, minimal number of octets. Four octets bound the length at 2 GiB.
        if (octets == 0)
        {
            throw Malformed($"{field}: indefinite length");
        }

        if (octets > 4 || octets > _data.Length - position)
        {
            throw Malformed($"{field}: length of {octets} octets");
        }

        uint value = 0;
        for (var i = 0; i < octets; i++)
        {
            value = (value << 8) | _data[position + i];
        }

        if (value > int.MaxValue)
        {
            throw Malformed($"{field}: length {value}");
        }

        if (value < 0x80 || _data[position] == 0)
        {
            throw Malformed($"{field}: length not in its shortest form");
        }

        length = (int)value;
        return position + octets;
    }
}
