using AgentPki.Cryptography;
using AgentPki.X509.Der;

namespace AgentPki.X509.Extensions;

/// <summary>
/// A second signature by the same signer with its alternative key (X.509 (2019) §9.8.3, §9.8.4), as it stands in the extensions of a certificate or a CRL
/// or in the attributes of a request. That it parses says nothing of it.
/// </summary>
/// <param name="Algorithm">Null when absent or not known here; <paramref name="Identifier"/> tells which.</param>
/// <param name="Identifier">altSignatureAlgorithm as it stands; empty when absent.</param>
/// <param name="Value">The octets of altSignatureValue; empty when absent.</param>
public sealed record AlternativeSignature(SignatureAlgorithm? Algorithm, ReadOnlyMemory<byte> Identifier, ReadOnlyMemory<byte> Value)
{
    /// <summary>Whether both halves are there: one without the other is no signature (§9.8.3: "the altSignatureValue extension shall also be included").</summary>
    public bool IsComplete => !Identifier.IsEmpty && !Value.IsEmpty;

    /// <summary>Whether the holder of the private half of <paramref name="signer"/> made it over <paramref name="covered"/>.</summary>
    internal bool Verify(PublicKey signer, ReadOnlySpan<byte> covered, CryptoProviders providers) =>
        IsComplete && Algorithm is { } algorithm && providers.Verify(signer, algorithm, covered, Value.Span);

    /// <summary>From extensions; null when neither half is among them.</summary>
    /// <exception cref="MalformedDataException">Not the DER of an AlgorithmIdentifier or of a BIT STRING of whole octets.</exception>
    internal static AlternativeSignature? Find(IReadOnlyList<X509Extension> extensions)
    {
        ReadOnlyMemory<byte>? algorithm = null;
        ReadOnlyMemory<byte>? value = null;
        foreach (var extension in extensions)
        {
            if (extension.Oid == Oids.AltSignatureAlgorithm)
            {
                algorithm ??= extension.Value;
            }
            else if (extension.Oid == Oids.AltSignatureValue)
            {
                value ??= extension.Value;
            }
        }

        return algorithm is null && value is null ? null : Read(algorithm, value);
    }

    internal static AlternativeSignature Read(ReadOnlyMemory<byte>? algorithm, ReadOnlyMemory<byte>? value)
    {
        SignatureAlgorithm? known = null;
        ReadOnlyMemory<byte> identifier = default;
        if (algorithm is { } encodedAlgorithm)
        {
            var reader = new DerReader(encodedAlgorithm);
            known = AlgorithmIdentifiers.ReadSignature(ref reader, "altSignatureAlgorithm", out identifier);
            reader.End("altSignatureAlgorithm");
        }

        ReadOnlyMemory<byte> octets = default;
        if (value is { } encodedValue)
        {
            var reader = new DerReader(encodedValue);
            octets = reader.ReadBitStringOctets("altSignatureValue");
            reader.End("altSignatureValue");
            if (octets.IsEmpty)
            {
                throw reader.Malformed("altSignatureValue: empty");
            }
        }

        return new AlternativeSignature(known, identifier, octets);
    }
}
