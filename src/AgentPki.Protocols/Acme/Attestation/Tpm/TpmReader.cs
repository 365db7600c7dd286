using System.Buffers.Binary;

namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>Reads TPM structures as they are marshalled (TPM 2.0 Library, Part 2 §4: big-endian, no padding); every read is within bounds or ends the verification.</summary>
internal ref struct TpmReader(ReadOnlySpan<byte> data, string what)
{
    private ReadOnlySpan<byte> _rest = data;

    public byte ReadByte() => Take(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>A TPM2B: sixteen bits of length, and as many octets.</summary>
    public ReadOnlySpan<byte> ReadSized() => Take(ReadUInt16());

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw Malformed("ends too early");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    public readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw Malformed($"has {_rest.Length} octets behind its end");
        }
    }

    public readonly AttestationException Malformed(string why) => new($"The statement's {what} {why} (TPM 2.0 Library, Part 2).");
}
