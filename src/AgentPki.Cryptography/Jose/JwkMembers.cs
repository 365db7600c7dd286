using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Text.Json;

namespace AgentPki.Cryptography.Jose;

/// <summary>The members of a JWK as they were read, and the key they make.</summary>
internal ref struct JwkMembers
{
    private const string What = "The JWK";

    // RFC 7518 §6.3.1, and beyond FIPS 186-5 §5.1's lower bound of 2^16; more than 32 bits make verification slow and nothing safer.
    private const int LongestExponent = 4;
    private const uint SmallestExponent = 65537;

    private ReadOnlySpan<byte> _kty;
    private ReadOnlySpan<byte> _crv;
    private ReadOnlySpan<byte> _x;
    private ReadOnlySpan<byte> _y;
    private ReadOnlySpan<byte> _n;
    private ReadOnlySpan<byte> _e;
    private ReadOnlySpan<byte> _alg;
    private ReadOnlySpan<byte> _pub;
    private ReadOnlySpan<byte> _use;
    private Seen _seen;

    [Flags]
    private enum Seen
    {
        None = 0,
        Kty = 1,
        Crv = 2,
        X = 4,
        Y = 8,
        N = 16,
        E = 32,
        Alg = 64,
        Pub = 128,
        Use = 256,
    }

    public static JoseError? Read(ReadOnlySpan<byte> json, ref JwkMembers members) => JoseJson.Read(json, What, ref members, ReadMember);

    /// <summary>The key, checked.</summary>
    public readonly bool TryMake([NotNullWhen(true)] out Jwk? jwk, [NotNullWhen(false)] out JoseError? error)
    {
        jwk = null;
        PublicKey? key = null;
        var made = _kty.SequenceEqual("EC"u8) ? TryMakeEc(out key, out error)
            : _kty.SequenceEqual("RSA"u8) ? TryMakeRsa(out key, out error)
            : _kty.SequenceEqual("OKP"u8) ? TryMakeOkp(out key, out error)
            : _kty.SequenceEqual("AKP"u8) ? TryMakeAkp(out key, out error)
            : Refuse((_seen & Seen.Kty) == 0
                ? JoseJson.Malformed("The JWK has no kty (RFC 7517 §4.1).")
                : Bad("The JWK's kty is not taken here; use EC, RSA, OKP or AKP."), out error);
        if (!made || key is null)
        {
            error ??= Bad("The JWK holds no key.");
            return false;
        }

        // RFC 7517 §4.2, §4.4: what the key says it is for must be what it is used for.
        if ((_seen & Seen.Use) != 0 && !_use.SequenceEqual("sig"u8))
        {
            return Refuse(Bad("The JWK's use is not 'sig'; only keys for signatures are taken (RFC 7517 §4.2)."), out error);
        }

        var algorithm = JwsAlgorithm.Find(_alg);
        if ((_seen & Seen.Alg) != 0 && algorithm?.Fits(key.Algorithm) != true)
        {
            return Refuse(Bad("The JWK's alg is none that a key of its kind signs with here; leave it out, or name the signature's algorithm (RFC 7517 §4.4)."), out error);
        }

        jwk = new Jwk(key, algorithm);
        error = null;
        return true;
    }

    private static JoseError? ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref JwkMembers members, out bool known)
    {
        known = true;
        return reader.ValueTextEquals("kty"u8) ? ReadText(ref reader, ref members, Seen.Kty, ref members._kty)
            : reader.ValueTextEquals("crv"u8) ? ReadText(ref reader, ref members, Seen.Crv, ref members._crv)
            : reader.ValueTextEquals("x"u8) ? ReadText(ref reader, ref members, Seen.X, ref members._x)
            : reader.ValueTextEquals("y"u8) ? ReadText(ref reader, ref members, Seen.Y, ref members._y)
            : reader.ValueTextEquals("n"u8) ? ReadText(ref reader, ref members, Seen.N, ref members._n)
            : reader.ValueTextEquals("e"u8) ? ReadText(ref reader, ref members, Seen.E, ref members._e)
            : reader.ValueTextEquals("alg"u8) ? ReadText(ref reader, ref members, Seen.Alg, ref members._alg)
            : reader.ValueTextEquals("pub"u8) ? ReadText(ref reader, ref members, Seen.Pub, ref members._pub)
            : reader.ValueTextEquals("use"u8) ? ReadText(ref reader, ref members, Seen.Use, ref members._use)
            : reader.ValueTextEquals("k"u8) ? Bad("The JWK is a symmetric key (k); an account has a key pair (RFC 8555 §6.2).")
            : IsPrivate(ref reader) ? Bad("The JWK carries a member of a private key; send the public members alone, and make a new key, because this one has been shown.")
            : Other(out known);
    }

    // RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2, RFC 9964 §3
    private static bool IsPrivate(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("d"u8) || reader.ValueTextEquals("priv"u8) || reader.ValueTextEquals("p"u8) || reader.ValueTextEquals("q"u8)
        || reader.ValueTextEquals("dp"u8) || reader.ValueTextEquals("dq"u8) || reader.ValueTextEquals("qi"u8) || reader.ValueTextEquals("oth"u8);

    private static JoseError? Other(out bool known)
    {
        known = false;
        return null;
    }

    private static JoseError? ReadText(ref Utf8JsonReader reader, ref JwkMembers members, Seen which, ref ReadOnlySpan<byte> value)
    {
        if ((members._seen & which) != 0)
        {
            return JoseJson.Twice(What);
        }

        members._seen |= which;
        return JoseJson.TryReadString(ref reader, out value) ? null : JoseJson.Malformed("A member of the JWK is no text; kty, crv, x, y, n, e, alg, pub and use are.");
    }

    private readonly bool TryMakeEc(out PublicKey? key, out JoseError? error)
    {
        key = null;
        var algorithm = _crv.SequenceEqual("P-256"u8) ? KeyAlgorithm.EcdsaP256 : _crv.SequenceEqual("P-384"u8) ? KeyAlgorithm.EcdsaP384 : null;
        if (algorithm is null)
        {
            return Refuse((_seen & Seen.Crv) == 0 ? JoseJson.Malformed("The JWK of kty EC has no crv (RFC 7518 §6.2.1.1).") : Bad("The JWK's curve is not taken here; use P-256 or P-384."), out error);
        }

        // RFC 7518 §6.2.1.2, §6.2.1.3: each coordinate as long as the field, zeros in front included.
        var size = (algorithm.PublicKeySize - 1) / 2;
        Span<byte> point = stackalloc byte[97];
        point = point[..algorithm.PublicKeySize];
        point[0] = 4;
        if (_x.IsEmpty || _y.IsEmpty)
        {
            return Refuse(NotBase64("x and y", $"{size} octets each"), out error);
        }

        if (JoseBase64.DecodedLength(_x.Length) != size || JoseBase64.DecodedLength(_y.Length) != size)
        {
            return Refuse(Bad($"The JWK's x and y are not {size} octets each, zeros in front included (RFC 7518 §6.2.1.2)."), out error);
        }

        return JoseBase64.TryDecode(_x, point.Slice(1, size), out _) && JoseBase64.TryDecode(_y, point[(1 + size)..], out _)
            ? TryMake(algorithm, point, out key, out error)
            : Refuse(NotBase64("x and y", $"{size} octets each"), out error);
    }

    private readonly bool TryMakeRsa(out PublicKey? key, out JoseError? error)
    {
        key = null;
        if (JoseBase64.Decode(_n) is not { Length: > 0 } modulus || JoseBase64.Decode(_e) is not { Length: > 0 } exponent)
        {
            return Refuse(NotBase64("n and e", "not empty"), out error);
        }

        // RFC 7518 §2 (Base64urlUInt): the fewest octets.
        if (modulus[0] == 0 || exponent[0] == 0)
        {
            return Refuse(Bad("The JWK's n or e begins with a zero octet; write the fewest octets (RFC 7518 §6.3.1.1)."), out error);
        }

        if (exponent.Length > LongestExponent || exponent.Aggregate(0u, (sum, octet) => (sum << 8) | octet) is var e && (e < SmallestExponent || e % 2 == 0))
        {
            return Refuse(Bad("The JWK's RSA exponent must be odd and from 65537 to 2^32 - 1; make a key with 65537."), out error);
        }

        if (modulus[^1] % 2 == 0)
        {
            return Refuse(Bad("The JWK's RSA modulus is even, so it is no product of two primes."), out error);
        }

        // RFC 8017 §A.1.1
        var writer = new AsnWriter(AsnEncodingRules.DER, modulus.Length + 16);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteIntegerUnsigned(exponent);
        }

        return TryMake(KeyAlgorithm.RsaOther, writer.Encode(), out key, out error);
    }

    private readonly bool TryMakeOkp(out PublicKey? key, out JoseError? error)
    {
        key = null;
        if (!_crv.SequenceEqual("Ed25519"u8))
        {
            return Refuse((_seen & Seen.Crv) == 0 ? JoseJson.Malformed("The JWK of kty OKP has no crv (RFC 8037 §2).") : Bad("The JWK's curve is not taken here; use Ed25519."), out error);
        }

        return JoseBase64.Decode(_x) is { Length: > 0 } point ? TryMake(KeyAlgorithm.Ed25519, point, out key, out error) : Refuse(NotBase64("x", "32 octets"), out error);
    }

    private readonly bool TryMakeAkp(out PublicKey? key, out JoseError? error)
    {
        key = null;
        var algorithm = _alg.SequenceEqual("ML-DSA-44"u8) ? KeyAlgorithm.MlDsa44
            : _alg.SequenceEqual("ML-DSA-65"u8) ? KeyAlgorithm.MlDsa65
            : _alg.SequenceEqual("ML-DSA-87"u8) ? KeyAlgorithm.MlDsa87
            : null;
        if (algorithm is null)
        {
            return Refuse((_seen & Seen.Alg) == 0 ? JoseJson.Malformed("The JWK of kty AKP has no alg (RFC 9964 §3).") : Bad("The JWK's alg is not taken here; use ML-DSA-44, ML-DSA-65 or ML-DSA-87."), out error);
        }

        return JoseBase64.Decode(_pub) is { Length: > 0 } octets ? TryMake(algorithm, octets, out key, out error) : Refuse(NotBase64("pub", $"{algorithm.PublicKeySize} octets"), out error);
    }

    private static bool TryMake(KeyAlgorithm algorithm, ReadOnlySpan<byte> keyBits, out PublicKey? key, out JoseError? error)
    {
        error = PublicKey.TryFromKeyBits(algorithm, keyBits, out key, out var wrong) ? null : Bad(wrong);
        return error is null;
    }

    private static bool Refuse(JoseError reason, out JoseError error)
    {
        error = reason;
        return false;
    }

    private static JoseError Bad(string text) => new(JoseErrorKind.Key, text);

    private static JoseError NotBase64(string members, string size) => JoseJson.Malformed($"The JWK's {members} must be there as base64url without padding, {size} (RFC 7515 §2).");
}
