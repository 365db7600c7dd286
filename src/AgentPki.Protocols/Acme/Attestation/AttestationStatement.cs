using System.Formats.Cbor;
using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>
/// An attestation object (WebAuthn Level 2 §6.5.4): CBOR with <c>fmt</c> and <c>attStmt</c>. <c>authData</c> has no meaning here and is passed over
/// (draft-ietf-acme-device-attest-10 §5), and so is everything that no format asks for.
/// </summary>
public sealed class AttestationStatement
{
    /// <summary>Octets of an attestation object; a chain of five certificates has 8 KiB.</summary>
    public const int MaximumLength = 64 * 1024;

    private const int LongestList = 32;
    private readonly Dictionary<string, object> _values;

    private AttestationStatement(string format, Dictionary<string, object> values) => (Format, _values) = (format, values);

    public string Format { get; }

    /// <exception cref="AttestationException">Not an attestation object.</exception>
    public static AttestationStatement Parse(ReadOnlyMemory<byte> cbor)
    {
        if (cbor.Length > MaximumLength)
        {
            throw new AttestationException($"The attestation object is longer than {MaximumLength / 1024} KiB.");
        }

        try
        {
            // Strict: no key twice, UTF-8 alone, well-formed throughout (RFC 8949 §5.3.1).
            var reader = new CborReader(cbor, CborConformanceMode.Strict);
            var top = ReadMap(reader, static (r, name) => name switch
            {
                "fmt" => r.ReadTextString(),
                "attStmt" => ReadMap(r, static (inner, _) => ReadValue(inner)),
                _ => Skip(r),
            });
            if (reader.BytesRemaining != 0)
            {
                throw new AttestationException($"The attestation object has {reader.BytesRemaining} octets behind its end.");
            }

            return top.GetValueOrDefault("fmt") is string format && top.GetValueOrDefault("attStmt") is Dictionary<string, object> statement
                ? new AttestationStatement(format, statement)
                : throw new AttestationException("The attestation object lacks fmt or attStmt (WebAuthn §6.5.4).");
        }
        catch (Exception error) when (error is CborContentException or InvalidOperationException or OverflowException)
        {
            // InvalidOperationException: another type than the one that was read.
            throw new AttestationException("The attestation object is not the CBOR map that WebAuthn §6.5.4 describes.");
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public ReadOnlyMemory<byte> Octets(string name) => _values.GetValueOrDefault(name) is byte[] octets ? octets : throw Missing(name, "octets");

    public long Integer(string name) => _values.GetValueOrDefault(name) is long integer ? integer : throw Missing(name, "an integer");

    public string Text(string name) => _values.GetValueOrDefault(name) is string text ? text : throw Missing(name, "a text");

    public IReadOnlyList<byte[]> List(string name) => _values.GetValueOrDefault(name) is List<byte[]> list ? list : throw Missing(name, "a list of octets");

    private AttestationException Missing(string name, string kind) => new($"The statement of format {AcmeText.Shown(Format)} lacks {name}, or it is not {kind}.");

    private static Dictionary<string, object> ReadMap(CborReader reader, Func<CborReader, string, object?> read)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        reader.ReadStartMap();
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            if (reader.PeekState() is not (CborReaderState.TextString or CborReaderState.StartIndefiniteLengthTextString))
            {
                reader.SkipValue();
                reader.SkipValue();
            }
            else if (reader.ReadTextString() is var name && read(reader, name) is { } value)
            {
                values[name] = value;
            }
        }

        reader.ReadEndMap();
        return values;
    }

    private static object? ReadValue(CborReader reader) => reader.PeekState() switch
    {
        CborReaderState.TextString or CborReaderState.StartIndefiniteLengthTextString => reader.ReadTextString(),
        CborReaderState.ByteString or CborReaderState.StartIndefiniteLengthByteString => reader.ReadByteString(),
        CborReaderState.UnsignedInteger or CborReaderState.NegativeInteger => reader.ReadInt64(),
        CborReaderState.StartArray => ReadList(reader),
        _ => Skip(reader),
    };

    private static object? Skip(CborReader reader)
    {
        reader.SkipValue();
        return null;
    }

    // Null for a list of anything but octets: nothing asks for one.
    private static List<byte[]>? ReadList(CborReader reader)
    {
        var (list, octetsAlone) = (new List<byte[]>(), true);
        reader.ReadStartArray();
        while (reader.PeekState() != CborReaderState.EndArray)
        {
            if (reader.PeekState() is CborReaderState.ByteString or CborReaderState.StartIndefiniteLengthByteString)
            {
                list.Add(list.Count < LongestList ? reader.ReadByteString() : throw new AttestationException($"A list of the attestation statement has more than {LongestList} entries."));
            }
            else
            {
                octetsAlone = false;
                reader.SkipValue();
            }
        }

        reader.ReadEndArray();
        return octetsAlone ? list : null;
    }
}
