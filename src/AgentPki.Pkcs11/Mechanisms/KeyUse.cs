using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>Where a token keeps the public key's octets.</summary>
internal enum PublicKeySource
{
    /// <summary>CKA_EC_POINT, bare or inside a DER OCTET STRING (PKCS#11 v2.40 §2.3.3; tokens differ).</summary>
    EcPoint,

    /// <summary>CKA_MODULUS and CKA_PUBLIC_EXPONENT.</summary>
    Rsa,

    /// <summary>CKA_VALUE holds the raw public key (PKCS#11 v3.2 for ML-DSA and SLH-DSA).</summary>
    Value,

    /// <summary>CKA_VALUE or CKA_PUBLIC_KEY_INFO holds a whole SubjectPublicKeyInfo.</summary>
    PublicKeyInfo,
}

/// <summary>How one token makes and shows one kind of key: pure data from <c>token.yaml</c>.</summary>
/// <param name="Generate">The key pair generation mechanism.</param>
/// <param name="Public">What the token wants in the public template besides what every key gets: curve, size, parameter set.</param>
/// <param name="Private">The same for the private template.</param>
/// <param name="Omit">Attributes of the common templates that this token refuses.</param>
internal sealed record KeyUse(
    KeyAlgorithm Algorithm, ulong Generate, AttributeTemplate Public, AttributeTemplate Private, IReadOnlyList<ulong> Omit, PublicKeySource PublicKey);
