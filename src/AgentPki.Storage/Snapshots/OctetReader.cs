using System.Buffers.Binary;
using System.Text;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>Reads what <see cref="OctetBuffer"/> wrote.</summary>
internal ref struct OctetReader(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _left = octets;

    public readonly bool IsAtEnd => _left.IsEmpty;

    /// <exception cref="InvalidDataException">Cut off, or no number.</exception>
    public ulong Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var octet = Take(1)[0];
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("a number has more than 64 bits");
    }

    /// <exception cref="InvalidDataException">Cut off.</exception>
    public string Text() => Encoding.UTF8.GetString(Octets());

    /// <exception cref="InvalidDataException">Cut off.</exception>
    public ReadOnlySpan<byte> Octets() => Number() is var length && length <= (ulong)_left.Length ? Take((int)length) : throw CutOff();

    /// <summary>Reads a value and binds it.</summary>
    /// <exception cref="InvalidDataException">Cut off, or of no kind known here.</exception>
    public void BindValue(SqlStatement statement, int parameter)
    {
        switch ((ValueCode)Take(1)[0])
        {
            case ValueCode.Null:
                statement.BindNull(parameter);
                break;
            case ValueCode.Integer:
                var zigzag = Number();
                statement.Bind(parameter, (long)(zigzag >> 1) ^ -(long)(zigzag & 1));
                break;
            case ValueCode.Real:
                statement.Bind(parameter, BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double))));
                break;
            case ValueCode.Text:
                statement.Bind(parameter, Text());
                break;
            case ValueCode.Blob:
                statement.Bind(parameter, Octets());
                break;
            default:
                throw new InvalidDataException("a value is of no kind known here");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length)
        {
            throw CutOff();
        }

        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    private static InvalidDataException CutOff() => new("it ends in the middle of a value");
}
