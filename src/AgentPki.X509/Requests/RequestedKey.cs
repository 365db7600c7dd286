using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Requests;

/// <summary>Which key a server wants a request to be for, as its CsrAttrs say it (RFC 9908 §3). Closed.</summary>
public abstract record RequestedKey
{
    private RequestedKey()
    {
    }

    /// <summary>The server leaves it to the client.</summary>
    public sealed record Any : RequestedKey;

    public sealed record Of(KeyAlgorithm Algorithm) : RequestedKey;

    /// <summary>The server wants a kind of key that this build does not know: asking with another one would be refused.</summary>
    /// <param name="Oid">The dotted OID of the key's algorithm.</param>
    public sealed record Unknown(string Oid) : RequestedKey;

    /// <summary>The kind whose SubjectPublicKeyInfo has that AlgorithmIdentifier.</summary>
    /// <param name="subjectPublicKey">A placeholder's octets, of which the size counts (RSA); empty for none.</param>
    internal static RequestedKey FromIdentifier(ReadOnlyMemory<byte> identifier, ReadOnlyMemory<byte> subjectPublicKey)
    {
        var oid = AlgorithmIdentifiers.OidOf(identifier);
        if (oid == Oids.RsaEncryption)
        {
            return subjectPublicKey.IsEmpty ? OfRsa(KeyAlgorithm.Rsa3072.SizeBits) : OfRsa(ModulusBits(subjectPublicKey));
        }

        return KeyAlgorithm.All.FirstOrDefault(a => identifier.Span.SequenceEqual(a.AlgorithmIdentifier.Span)) is { } known ? new Of(known) : new Unknown(oid);
    }

    /// <summary>RFC 7030 §4.5.2: the key's type, with the curve or the modulus' size as its value; null for an attribute that is about something else.</summary>
    internal static RequestedKey? FromAttribute(RequestAttribute attribute)
    {
        switch (attribute)
        {
            case { Oid: Oids.EcPublicKey, Values: [var curve] }:
                var curveReader = new DerReader(curve);
                var name = curveReader.ReadOid("namedCurve");
                curveReader.End("namedCurve");
                return name switch
                {
                    Oids.CurveP256 => new Of(KeyAlgorithm.EcdsaP256),
                    Oids.CurveP384 => new Of(KeyAlgorithm.EcdsaP384),
                    _ => new Unknown(name),
                };
            case { Oid: Oids.RsaEncryption, Values: [var size] }:
                var sizeReader = new DerReader(size);
                var bits = sizeReader.ReadInt32("modulus size", 512, 65536);
                sizeReader.End("modulus size");
                return OfRsa(bits);
            case { Oid: Oids.RsaEncryption, Values: [] }:
                return OfRsa(KeyAlgorithm.Rsa3072.SizeBits);
            default:
                return FromOid(attribute.Oid);
        }
    }

    /// <summary>The kind of key that an OID alone names (RFC 8410, 9881, 9909, 9935, composites); null for every other.</summary>
    internal static RequestedKey? FromOid(string oid) =>
        KeyAlgorithm.All.FirstOrDefault(a => a.Oid == oid && a.Family is not (AlgorithmFamily.Rsa or AlgorithmFamily.Ecdsa)) is { } known ? new Of(known) : null;

    private static RequestedKey OfRsa(int bits) =>
        KeyAlgorithm.All.FirstOrDefault(a => a.Family == AlgorithmFamily.Rsa && a.SizeBits == bits) is { } known ? new Of(known) : new Unknown($"{Oids.RsaEncryption} ({bits} bits)");

    // RFC 9908 §3.4: of the placeholder only the modulus' length counts; its leading octet need not have its highest bit set.
    private static int ModulusBits(ReadOnlyMemory<byte> rsaPublicKey)
    {
        var outer = new DerReader(rsaPublicKey);
        var modulus = outer.ReadSequence("RSAPublicKey").ReadIntegerContent("modulus");
        return 8 * (modulus.Span[0] == 0 ? modulus.Length - 1 : modulus.Length);
    }
}
