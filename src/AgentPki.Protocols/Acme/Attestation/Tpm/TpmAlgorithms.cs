using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>TPM_ALG_ID (TPM 2.0 Library, Part 2 §6.3) and the COSE algorithms (RFC 9053, RFC 8812) that attestation keys sign with.</summary>
internal static class TpmAlgorithms
{
    public const ushort Rsa = 0x0001;
    public const ushort Null = 0x0010;
    public const ushort RsaSsa = 0x0014;
    public const ushort RsaEs = 0x0015;
    public const ushort RsaPss = 0x0016;
    public const ushort EcDsa = 0x0018;
    public const ushort EcDaa = 0x001A;
    public const ushort Ecc = 0x0023;

    /// <summary>The hash of that identifier; null for SHA-1 and for what is not known.</summary>
    public static HashAlgorithmName? Hash(ushort algorithm) => algorithm switch
    {
        0x000B => HashAlgorithmName.SHA256,
        0x000C => HashAlgorithmName.SHA384,
        0x000D => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>The bank of PCRs of that name; null: there is none of it here.</summary>
    public static ushort? Bank(string name) => name switch
    {
        "sha256" => 0x000B,
        "sha384" => 0x000C,
        "sha512" => 0x000D,
        _ => null,
    };

    public static int HashSize(HashAlgorithmName hash) => hash == HashAlgorithmName.SHA256 ? 32 : hash == HashAlgorithmName.SHA384 ? 48 : 64;

    /// <summary>What <c>alg</c> of the statement stands for; null for what is not taken, SHA-1 among it.</summary>
    public static (SignatureAlgorithm Signature, ushort Scheme, HashAlgorithmName Hash)? FromCose(long algorithm) => algorithm switch
    {
        -7 => (SignatureAlgorithm.EcdsaSha256, EcDsa, HashAlgorithmName.SHA256),
        -35 => (SignatureAlgorithm.EcdsaSha384, EcDsa, HashAlgorithmName.SHA384),
        -257 => (SignatureAlgorithm.RsaPkcs1Sha256, RsaSsa, HashAlgorithmName.SHA256),
        -258 => (SignatureAlgorithm.RsaPkcs1Sha384, RsaSsa, HashAlgorithmName.SHA384),
        -37 => (SignatureAlgorithm.RsaPssSha256, RsaPss, HashAlgorithmName.SHA256),
        _ => null,
    };
}
