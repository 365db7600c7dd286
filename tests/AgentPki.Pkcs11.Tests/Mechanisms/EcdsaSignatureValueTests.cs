using System.Formats.Asn1;
using AgentPki.Pkcs11.Mechanisms;
using CsCheck;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Mechanisms;

public sealed class EcdsaSignatureValueTests
{
    private static readonly Gen<byte[]> Half = Gen.Select(Gen.Int[0, 32], Gen.Byte.Array[32]).Select((zeros, bytes) =>
    {
        bytes.AsSpan(0, zeros).Clear();
        return bytes;
    });

    [Fact]
    public void FromConcatenation_AnyPair_IsWhatAnAsn1WriterWrites() => Gen.Select(Half, Half).Sample((r, s) =>
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Minimal(r));
            writer.WriteIntegerUnsigned(Minimal(s));
        }

        return EcdsaSignatureValue.FromConcatenation([.. r, .. s]).AsSpan().SequenceEqual(writer.Encode());
    });

    private static ReadOnlySpan<byte> Minimal(byte[] integer)
    {
        var trimmed = integer.AsSpan().TrimStart((byte)0);
        return trimmed.IsEmpty ? integer.AsSpan(0, 1) : trimmed;
    }
}
