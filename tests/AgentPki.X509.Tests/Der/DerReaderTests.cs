using System.Numerics;
using AgentPki.X509.Der;
using AgentPki.X509.Tests.Lint;
using CsCheck;
using Xunit;

namespace AgentPki.X509.Tests.Der;

public sealed class DerReaderTests
{
    public static TheoryData<string, string> NotDer => new()
    {
        { "indefinite length", "30800000" }, { "long form of a short length", "308100" }, { "leading zero in a length", "30820003020101" }, { "length past the end", "3004020101" }, { "five length octets", "30850000000001" },
        { "length of 2 GiB", "308480000000" }, { "multi-octet tag", "1F2300" }, { "boolean of 01", "010101" }, { "boolean of two octets", "0102FFFF" }, { "empty integer", "0200" },
        { "integer with a leading zero", "02020001" }, { "integer with leading ones", "0202FF80" }, { "null with content", "050100" }, { "bit string without its first octet", "0300" },
        { "eight unused bits", "03020800" }, { "unused bits set", "03020101" }, { "unused bits of nothing", "030101" }, { "empty oid", "0600" }, { "oid cut off", "060180" }, { "oid with a leading 80", "06032A8001" },
        { "printable string with an at sign", "130140" }, { "IA5 string of 80", "160180" }, { "UTF-8 cut off", "0C01C3" }, { "UTF-8 surrogate", "0C03EDA080" }, { "BMP string of odd length", "1E0100" },
        { "time with a fraction", "1811" + Hex("20261101000000.5Z") }, { "time without seconds", "170B" + Hex("2611010000Z") }, { "time with an offset", "1711" + Hex("261101000000+0100") },
        { "February 30", "170D" + Hex("260230000000Z") }, { "month 13", "170D" + Hex("261301000000Z") }, { "second 60", "170D" + Hex("261101000060Z") }, { "year 0", "180F" + Hex("00000101000000Z") },
        { "set out of order", "3106020102020101" }, { "constructed octet string", "2400" }, { "truncated header", "30" }, { "nothing", "" }, { "trailing octet", "050000" },
    };

    [Theory]
    [MemberData(nameof(NotDer))]
    public void Check_NotDer_SaysSo(string what, string hex) => Assert.True(Check(hex) is not null, what);

    [Theory]
    [InlineData("0500")]
    [InlineData("0101FF")]
    [InlineData("02020080")]
    [InlineData("0201FF")]
    [InlineData("0303010102")]
    [InlineData("0603550403")]
    [InlineData("3106020101020102")]
    [InlineData("A003020105")]
    [InlineData("0C03C3A461")]
    public void Check_Der_IsTaken(string hex) => Assert.Null(Check(hex));

    [Fact]
    public void ReadSequence_NestedPastTheLimit_IsRefusedNotOverflowed()
    {
        byte[] data = [0x05, 0x00];
        for (var i = 0; i < 2000; i++)
        {
            data = RawTbs.Write(w => w.Write(DerTag.Sequence, data));
        }

        Assert.Contains("deeper", DerValidator.Check(data), StringComparison.Ordinal);
    }

    [Fact]
    public void Malformed_Message_NamesFieldAndOffset()
    {
        var exception = Assert.Throws<MalformedDataException>(() =>
        {
            var outer = new DerReader(Convert.FromHexString("3006300402020001"));
            outer.ReadSequence("outer").ReadSequence("inner").ReadInt64("number");
        });

        Assert.Contains("number", exception.Message, StringComparison.Ordinal);
        Assert.Equal(8, exception.Offset);
    }

    [Fact]
    public void Integers_AnyValue_RoundTrip()
    {
        Gen.Long.Sample(value => new DerReader(RawTbs.Write(w => w.WriteInteger(value))).ReadInt64("n") == value);
        Gen.Byte.Array[0, 40].Sample(octets =>
        {
            var content = new DerReader(RawTbs.Write(w => w.WriteUnsignedInteger(octets))).ReadIntegerContent("n").Span;
            return new BigInteger(content, isUnsigned: false, isBigEndian: true) == new BigInteger(octets, isUnsigned: true, isBigEndian: true);
        });
    }

    [Fact]
    public void NamedBits_AnyFlags_RoundTrip() =>
        Gen.UInt.Sample(flags => new DerReader(RawTbs.Write(w => w.WriteNamedBits(flags))).ReadNamedBits("bits") == flags);

    [Fact]
    public void ObjectIdentifiers_AnyArcs_RoundTrip() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 39], Gen.ULong.Array[0, 6]).Sample((root, second, rest) =>
        {
            var dotted = string.Join('.', rest.Select(a => a.ToString()).Prepend($"{root}.{second}"));
            return new DerReader(RawTbs.Write(w => w.WriteOid(dotted))).ReadOid("oid") == dotted;
        });

    [Theory]
    [InlineData("1")]
    [InlineData("3.1")]
    [InlineData("1.40")]
    [InlineData("1.2.x")]
    [InlineData("1.2.03")]
    [InlineData("1..2")]
    public void ObjectIdentifier_NotDotted_Throws(string text) => Assert.Throws<ArgumentException>(() => { ObjectIdentifier.Encode(text); });

    [Fact]
    public void Times_AnySecond_RoundTripInTheRightType() =>
        Gen.Long[-62135596800, 253402300799].Sample(seconds =>
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
            var encoded = RawTbs.Write(w => w.WriteTime(time));
            return new DerReader(encoded).ReadTime("time") == time && encoded[0] == (time.Year is >= 1950 and < 2050 ? DerTag.UtcTime : DerTag.GeneralizedTime);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(20_000_000)]
    public void Constructed_EveryLengthForm_IsPatchedInMinimally(int length)
    {
        var encoded = RawTbs.Write(w =>
        {
            using var outer = w.Sequence();
            using var inner = w.OctetString();
            w.WriteEncoded(new byte[length]);
        });

        var outer = new DerReader(encoded);
        Assert.Equal(length, outer.ReadSequence("outer").ReadOctetString("inner").Length);
        outer.End("all");
    }

    private static string? Check(string hex) => DerValidator.Check(Convert.FromHexString(hex));

    private static string Hex(string text) => Convert.ToHexString(System.Text.Encoding.ASCII.GetBytes(text));
}
