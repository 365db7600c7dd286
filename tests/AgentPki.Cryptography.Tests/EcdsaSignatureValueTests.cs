using System.Formats.Asn1;
using CsCheck;
using Xunit;

namespace AgentPki.Cryptography.Tests;

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

    [Fact]
    public void TryToConcatenation_WhatFromConcatenationWrites_IsItsInverse() => Gen.Select(Half, Half).Sample((r, s) =>
    {
        byte[] pair = [.. r, .. s];
        var back = new byte[pair.Length];
        return EcdsaSignatureValue.TryToConcatenation(EcdsaSignatureValue.FromConcatenation(pair), back) && back.AsSpan().SequenceEqual(pair);
    });

    [Theory]
    [InlineData("")]
    [InlineData("3006020101020101FF")] // data behind it
    [InlineData("3009020101020101020101")] // three numbers
    [InlineData("30070202000102010A")] // not minimal
    [InlineData("30060201FF020101")] // negative
    [InlineData("3008020300FFFF020101")] // wider than its half
    [InlineData("3003020101")]
    public void TryToConcatenation_AnythingElse_IsFalse(string hex) => Assert.False(EcdsaSignatureValue.TryToConcatenation(Convert.FromHexString(hex), new byte[2]));

    private static ReadOnlySpan<byte> Minimal(byte[] integer)
    {
        var trimmed = integer.AsSpan().TrimStart((byte)0);
        return trimmed.IsEmpty ? integer.AsSpan(0, 1) : trimmed;
    }
}
