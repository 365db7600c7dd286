using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>An attribute template (PKCS#11 v2.40 §3.6 CK_ATTRIBUTE): immutable; a later value of one attribute replaces the earlier.</summary>
internal sealed class AttributeTemplate
{
    private readonly ImmutableArray<(ulong Type, byte[] Value)> _attributes;

    private AttributeTemplate(ImmutableArray<(ulong Type, byte[] Value)> attributes) => _attributes = attributes;

    public static AttributeTemplate Empty { get; } = new([]);

    public AttributeTemplate With(CKA type, bool value) => With((ulong)type, [value ? (byte)1 : (byte)0]);

    public AttributeTemplate With(CKA type, ulong value) => With((ulong)type, Number(value));

    public AttributeTemplate With(CKA type, string value) => With((ulong)type, Encoding.UTF8.GetBytes(value));

    public AttributeTemplate With(CKA type, byte[] value) => With((ulong)type, value);

    public AttributeTemplate With(ulong type, byte[] value) => new([.. _attributes.Where(a => a.Type != type), (type, value)]);

    /// <summary>This template with all of <paramref name="other"/>'s attributes; the other's win.</summary>
    public AttributeTemplate With(AttributeTemplate other) => other._attributes.Aggregate(this, (t, a) => t.With(a.Type, a.Value));

    public AttributeTemplate Without(IEnumerable<ulong> types) => new(_attributes.RemoveAll(a => types.Contains(a.Type)));

    public byte[]? Value(CKA type) => _attributes.FirstOrDefault(a => a.Type == (ulong)type).Value;

    /// <summary>From data: <c>true</c>, <c>false</c>, a number, a parameter set's or key type's name, <c>hex:…</c> or <c>text:…</c> by attribute name or number.</summary>
    /// <exception cref="FormatException">The message names the attribute.</exception>
    public static AttributeTemplate Parse(IReadOnlyDictionary<string, string> attributes, string where) => attributes.Aggregate(
        Empty,
        (template, a) => template.With(CryptokiNames.Parse<CKA>(a.Key, where), ParseValue(a.Value, $"{where}.{a.Key}")));

    /// <summary>Copies the template into native memory for one call; dispose it after.</summary>
    public Native ToNative() => new(_attributes);

    /// <summary>The attributes' names, for errors. Values stay out: a template may carry a secret.</summary>
    public override string ToString() => string.Join(", ", _attributes.Select(a => CryptokiNames.Attribute(a.Type)));

    private static byte[] ParseValue(string text, string where)
    {
        try
        {
            return text switch
            {
                "true" => [1],
                "false" => [0],
                _ when text.StartsWith("hex:", StringComparison.Ordinal) => Convert.FromHexString(text[4..]),
                _ when text.StartsWith("text:", StringComparison.Ordinal) => Encoding.UTF8.GetBytes(text[5..]),
                _ when text.StartsWith("CKP_", StringComparison.Ordinal) || text.StartsWith("CKK_", StringComparison.Ordinal) => Number(CryptokiNames.Constant(text)),
                _ when text.StartsWith("0x", StringComparison.Ordinal) => Number(ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
                _ => Number(ulong.Parse(text, CultureInfo.InvariantCulture)),
            };
        }
        catch (FormatException e)
        {
            throw new FormatException($"{where}: '{text}' is none of true, false, a number, a name like CKP_ML_DSA_65, hex:… or text:….", e);
        }
    }

    /// <summary>CK_ULONG of a 64-bit machine, little-endian as all machines that this runs on.</summary>
    private static byte[] Number(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>A template in native memory.</summary>
    internal sealed class Native : IDisposable
    {
        private readonly IntPtr _block;

        public Native(ImmutableArray<(ulong Type, byte[] Value)> attributes)
        {
            _block = Marshal.AllocHGlobal(Math.Max(1, attributes.Sum(a => a.Value.Length)));
            Attributes = new CK_ATTRIBUTE[attributes.Length];
            var offset = 0;
            for (var i = 0; i < attributes.Length; i++)
            {
                var value = attributes[i].Value;
                Marshal.Copy(value, 0, _block + offset, value.Length);
                Attributes[i] = new CK_ATTRIBUTE { type = attributes[i].Type, value = _block + offset, valueLen = (ulong)value.Length };
                offset += value.Length;
            }
        }

        public CK_ATTRIBUTE[] Attributes { get; }

        public ulong Count => (ulong)Attributes.Length;

        public void Dispose() => Marshal.FreeHGlobal(_block);
    }
}
