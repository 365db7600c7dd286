using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Administration;

/// <summary>Reads of a key all attributes that say what it is, what it may do and whether it can leave (PKCS#11 v2.40 §4, v3.2 §4). Never a value that is secret.</summary>
internal static class KeyRecords
{
    private static readonly CKA[] OfPrivateKeys =
    [
        CKA.CKA_CLASS, CKA.CKA_KEY_TYPE, CKA.CKA_ID, CKA.CKA_LABEL, CKA.CKA_TOKEN, CKA.CKA_PRIVATE, CKA.CKA_SENSITIVE, CKA.CKA_EXTRACTABLE, CKA.CKA_ALWAYS_SENSITIVE,
        CKA.CKA_NEVER_EXTRACTABLE, CKA.CKA_LOCAL, CKA.CKA_KEY_GEN_MECHANISM, CKA.CKA_SIGN, CKA.CKA_SIGN_RECOVER, CKA.CKA_DECRYPT, CKA.CKA_WRAP, CKA.CKA_UNWRAP,
        CKA.CKA_DERIVE, NewerConstants.Decapsulate, CKA.CKA_MODIFIABLE, CKA.CKA_COPYABLE, NewerConstants.Destroyable, CKA.CKA_WRAP_WITH_TRUSTED, CKA.CKA_TRUSTED,
        CKA.CKA_ALWAYS_AUTHENTICATE, CKA.CKA_MODULUS_BITS, CKA.CKA_EC_PARAMS, NewerConstants.ParameterSet,
    ];

    private static readonly CKA[] OfPublicKeys =
    [
        CKA.CKA_CLASS, CKA.CKA_KEY_TYPE, CKA.CKA_ID, CKA.CKA_LABEL, CKA.CKA_TOKEN, CKA.CKA_PRIVATE, CKA.CKA_LOCAL, CKA.CKA_KEY_GEN_MECHANISM, CKA.CKA_VERIFY,
        CKA.CKA_ENCRYPT, CKA.CKA_WRAP, CKA.CKA_DERIVE, NewerConstants.Encapsulate, CKA.CKA_MODIFIABLE, CKA.CKA_COPYABLE, NewerConstants.Destroyable, CKA.CKA_TRUSTED,
        CKA.CKA_MODULUS_BITS, CKA.CKA_EC_PARAMS, NewerConstants.ParameterSet,
    ];

    /// <summary>Null when there is no private or secret key of that label.</summary>
    public static KeyRecord? Read(TokenSession session, string label, TokenDescription token)
    {
        var id = KeyNaming.Id(label);
        var privateKey = new TokenObject(CKO.CKO_PRIVATE_KEY, id, $"private key '{label}'").TryFind(session);
        if ((privateKey ?? new TokenObject(CKO.CKO_SECRET_KEY, id, $"secret key '{label}'").TryFind(session)) is not { } key)
        {
            return null;
        }

        var publicKey = new TokenObject(CKO.CKO_PUBLIC_KEY, id, $"public key '{label}'").TryFind(session);
        var tokenLabel = Encoding.UTF8.GetString(session.Read(key, CKA.CKA_LABEL) ?? []);
        var known = KeyNaming.TryParse(tokenLabel, out _, out var purpose, out var backup);
        var (attestation, finding) = Attestation(session, key, tokenLabel, token);
        return new(
            label,
            known ? KeyNaming.PurposeName(purpose) : tokenLabel.StartsWith(KeyNaming.WrappingPurpose + "/", StringComparison.Ordinal) ? KeyNaming.WrappingPurpose : null,
            backup,
            privateKey is null ? null : PublicKeyOf(session, publicKey ?? key, label, token),
            Attributes(session, key, OfPrivateKeys),
            publicKey is { } shown ? Attributes(session, shown, OfPublicKeys) : [],
            attestation,
            finding);
    }

    private static PublicKey? PublicKeyOf(TokenSession session, ulong key, string label, TokenDescription token)
    {
        try
        {
            return PublicKeyReader.Read(session, key, token.Keys.Values, $"'{label}'");
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static List<AttributeRecord> Attributes(TokenSession session, ulong key, CKA[] attributes)
    {
        var records = new List<AttributeRecord>(attributes.Length);
        foreach (var attribute in attributes)
        {
            records.Add(new(CryptokiNames.Attribute((ulong)attribute), session.Read(key, attribute) is { } value ? Text(attribute, value)
                : session.IsSecret(key, attribute) ? AttributeRecord.Secret
                : AttributeRecord.Absent));
        }

        return records;
    }

    private static (byte[]? Statement, string Finding) Attestation(TokenSession session, ulong key, string tokenLabel, TokenDescription token)
    {
        if (token.Attestation is not { } how)
        {
            return (null, "not offered by this kind of token");
        }

        if (how.Attribute is { } attribute)
        {
            var name = CryptokiNames.Attribute(attribute);
            return session.Read(key, (CKA)attribute) is { Length: > 0 } statement
                ? (statement, $"attribute {name}, {statement.Length} octets")
                : (null, $"not given: the key has no attribute {name}");
        }

        var label = how.CertificateLabel?.Replace("{label}", tokenLabel, StringComparison.Ordinal) ?? "";
        var certificates = session.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_CERTIFICATE).With(CKA.CKA_LABEL, label));
        return certificates.Count == 1 && session.Read(certificates[0], CKA.CKA_VALUE) is { Length: > 0 } certificate
            ? (certificate, $"certificate '{label}', {certificate.Length} octets")
            : (null, $"not given: the token has {certificates.Count} certificates labelled '{label}'");
    }

    private static string Text(CKA attribute, byte[] value) => attribute switch
    {
        CKA.CKA_LABEL => Encoding.UTF8.GetString(value),
        CKA.CKA_CLASS when value.Length == 8 => $"{(CKO)Number(value)}",
        CKA.CKA_KEY_TYPE when value.Length == 8 => CryptokiNames.KeyType(Number(value)),
        // CK_UNAVAILABLE_INFORMATION: the key was not generated there.
        CKA.CKA_KEY_GEN_MECHANISM when value.Length == 8 => Number(value) == ulong.MaxValue ? "unavailable" : CryptokiNames.Mechanism(Number(value)),
        CKA.CKA_MODULUS_BITS or NewerConstants.ParameterSet when value.Length == 8 => Number(value).ToString(CultureInfo.InvariantCulture),
        CKA.CKA_ID or CKA.CKA_EC_PARAMS => Convert.ToHexStringLower(value),
        _ when value is [0] => "false",
        _ when value is [1] => "true",
        _ => Convert.ToHexStringLower(value),
    };

    private static ulong Number(byte[] value) => BinaryPrimitives.ReadUInt64LittleEndian(value);
}
