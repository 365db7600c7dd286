using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace AgentPki.Ledger;

/// <summary>The name of one log for good: 128 random bits, made when the log is made; shown as 32 lower-case hexadecimal digits.</summary>
public readonly record struct LogId
{
    /// <summary>Length of the binary form in octets.</summary>
    public const int Size = 16;

    private readonly UInt128 _value;

    private LogId(UInt128 value) => _value = value;

    /// <summary>Makes the name of a new log.</summary>
    public static LogId Generate()
    {
        Span<byte> octets = stackalloc byte[Size];
        RandomNumberGenerator.Fill(octets);
        return FromBytes(octets);
    }

    /// <summary>Reads the 16 octets of the binary form.</summary>
    /// <exception cref="ArgumentException">Not 16 octets.</exception>
    public static LogId FromBytes(ReadOnlySpan<byte> octets) => octets.Length == Size
        ? new(BinaryPrimitives.ReadUInt128BigEndian(octets))
        : throw new ArgumentException($"A log id has {Size} octets, not {octets.Length}.", nameof(octets));

    /// <summary>Reads 32 lower-case hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out LogId id)
    {
        id = default;
        if (text is not { Length: 2 * Size } || text.Any(char.IsAsciiLetterUpper) || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        id = new LogId(value);
        return true;
    }

    /// <summary>Writes the 16 octets of the binary form.</summary>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    public byte[] ToByteArray()
    {
        var octets = new byte[Size];
        CopyTo(octets);
        return octets;
    }

    public override string ToString() => _value.ToString("x32", CultureInfo.InvariantCulture);
}
