using System.Formats.Asn1;
using System.Text;

namespace AgentPki.Integration.BadInput;

/// <summary>Writes DER, and what only looks like it: nothing here checks anything.</summary>
internal static class Der
{
    public static byte[] Null => [0x05, 0x00];

    public static byte[] Tlv(byte tag, params byte[] content) => [tag, .. Length(content.Length), .. content];

    public static byte[] Sequence(params byte[][] parts) => Tlv(0x30, Concat(parts));

    public static byte[] Set(params byte[][] parts) => Tlv(0x31, Concat(parts));

    public static byte[] Context(int number, params byte[][] parts) => Tlv((byte)(0xA0 + number), Concat(parts));

    /// <summary>An implicitly tagged primitive, as GeneralName has them.</summary>
    public static byte[] Implicit(int number, byte[] content) => Tlv((byte)(0x80 + number), content);

    public static byte[] Integer(params byte[] content) => Tlv(0x02, content);

    public static byte[] Boolean(bool value) => Tlv(0x01, value ? (byte)0xFF : (byte)0);

    public static byte[] OctetString(params byte[] content) => Tlv(0x04, content);

    public static byte[] BitString(byte[] content, byte unused = 0) => Tlv(0x03, [unused, .. content]);

    public static byte[] Utf8(string text) => Tlv(0x0C, Encoding.UTF8.GetBytes(text));

    public static byte[] Ia5(string text) => Tlv(0x16, Encoding.Latin1.GetBytes(text));

    public static byte[] Oid(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }

    /// <summary>AlgorithmIdentifier without parameters, or with these.</summary>
    public static byte[] Algorithm(string oid, byte[]? parameters = null) => Sequence(Oid(oid), parameters ?? []);

    /// <summary>A Name of one common name, in a string type of choice.</summary>
    public static byte[] CommonName(byte[] value) => Sequence(Rdn("2.5.4.3", value));

    public static byte[] CommonName(string value) => CommonName(Utf8(value));

    public static byte[] Rdn(string oid, byte[] value) => Set(Sequence(Oid(oid), value));

    /// <summary>RFC 5280 §4.1 Extension.</summary>
    public static byte[] Extension(string oid, bool critical, byte[] value) =>
        critical ? Sequence(Oid(oid), Boolean(true), OctetString(value)) : Sequence(Oid(oid), OctetString(value));

    public static byte[] Concat(IEnumerable<byte[]> parts) => [.. parts.SelectMany(part => part)];

    private static byte[] Length(int length) => length switch
    {
        < 0x80 => [(byte)length],
        < 0x100 => [0x81, (byte)length],
        < 0x10000 => [0x82, (byte)(length >> 8), (byte)length],
        _ => [0x84, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length],
    };
}
