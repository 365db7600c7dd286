using System.Text;
using AgentPki.Storage.Snapshots;

namespace AgentPki.Storage.Sql;

/// <summary>What was bound to a statement, encoded as it is written down: for each its parameter and a <see cref="ValueCode"/>.</summary>
internal sealed class SqlValues
{
    private readonly OctetBuffer _octets = new(256);
    private ulong _bound;

    public ReadOnlySpan<byte> Octets => _octets.Written;

    /// <summary>Whether that parameter was bound. Counts the first 64; no statement has more.</summary>
    public bool Has(int parameter) => parameter <= 64 && (_bound & (1UL << (parameter - 1))) != 0;

    public void Add(int parameter, long value) => Begin(parameter).AddInteger(value);

    public void Add(int parameter, double value) => Begin(parameter).AddReal(value);

    public void AddBlob(int parameter, ReadOnlySpan<byte> octets) => Begin(parameter).AddOctets(ValueCode.Blob, octets);

    public void AddNull(int parameter) => Begin(parameter).AddByte((byte)ValueCode.Null);

    public void AddText(int parameter, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var buffer = Begin(parameter);
        buffer.AddByte((byte)ValueCode.Text);
        buffer.AddNumber((ulong)length);
        Encoding.UTF8.GetBytes(text, buffer.Reserve(length));
    }

    public void Clear() => (_bound, _octets.Length) = (0, 0);

    private OctetBuffer Begin(int parameter)
    {
        _bound |= parameter <= 64 ? 1UL << (parameter - 1) : 0;
        _octets.AddNumber((ulong)parameter);
        return _octets;
    }
}
