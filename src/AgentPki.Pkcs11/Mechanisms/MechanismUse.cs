using System.Security.Cryptography;
using AgentPki.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>How one token makes one kind of signature: the mechanism, who hashes, and what goes in and comes out.</summary>
public sealed class MechanismUse
{
    private readonly SignatureAlgorithm _algorithm;
    private readonly bool _hashOutside;

    private MechanismUse(SignatureAlgorithm algorithm, CKM mechanism, bool hashOutside) =>
        (_algorithm, Mechanism, _hashOutside) = (algorithm, mechanism, hashOutside);

    public CKM Mechanism { get; }

    internal static MechanismUse Parse(SignatureAlgorithm algorithm, string mechanism, string hash, string where)
    {
        if (!NewerMechanisms.TryParse(mechanism, out var ckm))
        {
            throw new FormatException($"{where}: '{mechanism}' is no PKCS#11 mechanism.");
        }

        if (hash is not ("inside" or "outside"))
        {
            throw new FormatException($"{where}: hash is 'inside' or 'outside'.");
        }

        return new(algorithm, ckm, hash == "outside" && algorithm.Hash != HashFunction.None);
    }

    /// <summary>What C_Sign is given: the message, its hash, or (PKCS #1 v1.5 without a hash inside) its DigestInfo (RFC 8017 §9.2).</summary>
    internal byte[] Input(ReadOnlySpan<byte> message)
    {
        if (!_hashOutside)
        {
            return message.ToArray();
        }

        var digest = _algorithm.Hash switch
        {
            HashFunction.Sha256 => SHA256.HashData(message),
            HashFunction.Sha384 => SHA384.HashData(message),
            HashFunction.Sha512 => SHA512.HashData(message),
            HashFunction.None => message.ToArray(),
        };
        return Mechanism == CKM.CKM_RSA_PKCS ? [.. DigestInfoPrefix(), .. digest] : digest;
    }

    internal IMechanism Create(Pkcs11InteropFactories factories)
    {
        if (!_algorithm.IsPss)
        {
            return factories.MechanismFactory.Create(Mechanism);
        }

        // RFC 4055 §3.1: MGF1 with the same hash, salt as long as the hash.
        var (hash, mgf, salt) = _algorithm.Hash switch
        {
            HashFunction.Sha384 => (CKM.CKM_SHA384, CKG.CKG_MGF1_SHA384, 48UL),
            HashFunction.Sha512 => (CKM.CKM_SHA512, CKG.CKG_MGF1_SHA512, 64UL),
            _ => (CKM.CKM_SHA256, CKG.CKG_MGF1_SHA256, 32UL),
        };
        return factories.MechanismFactory.Create(Mechanism, factories.MechanismParamsFactory.CreateCkRsaPkcsPssParams((ulong)hash, (ulong)mgf, salt));
    }

    /// <summary>What X.509 carries: tokens give ECDSA as r‖s (PKCS#11 v2.40 §2.3.1), certificates want Ecdsa-Sig-Value.</summary>
    internal byte[] Output(byte[] signature) => _algorithm.Family == AlgorithmFamily.Ecdsa ? EcdsaSignatureValue.FromConcatenation(signature) : signature;

    private byte[] DigestInfoPrefix() => Convert.FromHexString(_algorithm.Hash switch
    {
        HashFunction.Sha384 => "3041300D060960864801650304020205000430",
        HashFunction.Sha512 => "3051300D060960864801650304020305000440",
        _ => "3031300D060960864801650304020105000420",
    });
}
