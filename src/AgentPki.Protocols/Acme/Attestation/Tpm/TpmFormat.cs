using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>
/// <c>tpm</c> (WebAuthn Level 2 §8.3) with a key authorization in the place of authenticatorData and clientDataHash (draft-ietf-acme-device-attest-10 §5):
/// an attestation key (AK) that a root vouches for certifies, with TPM2_Certify, that the key to be certified is in the same TPM. Where the operator asks for
/// PCRs, a TPM2_Quote of the same AK comes in the fields <c>quote</c>, <c>quoteSig</c> and <c>pcrs</c>, which are ours.
/// </summary>
internal sealed class TpmFormat(TpmOptions options, CryptoProviders providers) : IAttestationFormat
{
    /// <summary>tcg-kp-AIKCertificate (TCG Credential Profiles §3): the key purpose of AK certificates.</summary>
    public const string AttestationKeyPurpose = "2.23.133.8.3";

    public string Format => "tpm";

    public AttestedDevice Verify(AttestationStatement statement, AttestationChallenge challenge)
    {
        if (statement.Text("ver") != "2.0")
        {
            throw new AttestationException($"The statement's ver is '{AcmeText.Shown(statement.Text("ver"))}'; attestations of TPM 2.0 are taken.");
        }

        if (TpmAlgorithms.FromCose(statement.Integer("alg")) is not var (signature, scheme, hash))
        {
            throw new AttestationException($"The statement's alg {statement.Integer("alg")} is not taken; use ES256 (-7), ES384 (-35), RS256 (-257), RS384 (-258) or PS256 (-37).");
        }

        // 1. The AK is one that a root vouches for.
        var certificate = options.Trust.Verify(statement.List("x5c"), AttestationKeyPurpose, challenge.Time, providers);
        if (certificate.IsCertificateAuthority)
        {
            throw new AttestationException("The AK's certificate is a CA's, which WebAuthn §8.3.1 forbids.");
        }

        var signer = new Signer(certificate.PublicKey, signature, scheme, hash, SHA(hash, challenge.KeyAuthorization));

        // 2. The AK certifies the key, for this challenge.
        var attest = Signed(statement, "certInfo", "sig", signer);
        var area = TpmPublic.Parse(statement.Octets("pubArea").Span);
        if (attest is not TpmAttest.Certify certify || !certify.Name.AsSpan().SequenceEqual(area.Name))
        {
            throw new AttestationException("The statement's certInfo certifies another key than that of pubArea.");
        }

        // 3. The key never leaves the TPM, and signs.
        if (!area.IsBoundToTpm || (area.Attributes & TpmAttributes.Sign) == 0)
        {
            throw new AttestationException("The key of pubArea is not one that was made in the TPM, never leaves it and signs; make it with fixedtpm|fixedparent|sensitivedataorigin|sign.");
        }

        // 4. The machine runs what the operator expects.
        var pcrs = options.Pcrs.Count == 0 ? "no PCRs asked for" : CheckPcrs(statement, signer, attest.Boot);
        return new AttestedDevice(area.Key, [.. Names(certificate)], $"AK certificate {certificate.SerialHex} of '{AcmeText.Shown(certificate.Issuer.ToString())}', {pcrs}");
    }

    /// <summary>An AK's certificate often has no name at all (WebAuthn §8.3.1 wants its subject empty): the AK itself is one.</summary>
    private static IEnumerable<string> Names(Certificate certificate) =>
        [.. DeviceNames.Of(certificate), $"ak-{Convert.ToHexStringLower(certificate.PublicKey.Fingerprint())}"];

    private TpmAttest Signed(AttestationStatement statement, string field, string signatureField, Signer signer)
    {
        var octets = statement.Octets(field);
        var signature = TpmSignature.Read(statement.Octets(signatureField).Span, signer.Scheme, HashId(signer.Hash), signer.Key.Algorithm, signatureField);
        if (!providers.Verify(signer.Key, signer.Signature, octets.Span, signature))
        {
            throw new AttestationException($"The statement's {signatureField} is not a signature of the AK over {field}.");
        }

        var attest = TpmAttest.Parse(octets.Span, field);
        return attest.ExtraData.AsSpan().SequenceEqual(signer.Nonce)
            ? attest
            : throw new AttestationException($"The extraData of {field} is not the hash ({signer.Hash.Name}) of this challenge's key authorization: it was made for another challenge or another account.");
    }

    private string CheckPcrs(AttestationStatement statement, Signer signer, ulong boot)
    {
        var asked = string.Join(", ", options.Pcrs.Select(p => $"{p.Bank}:{p.Index}"));
        if (!statement.Has("quote"))
        {
            throw new AttestationException($"This server wants to see PCRs: add a TPM2_Quote over {asked} by the same AK, as quote, quoteSig and pcrs.");
        }

        if (Signed(statement, "quote", "quoteSig", signer) is not TpmAttest.Quote quote)
        {
            throw new AttestationException("The statement's quote is a certification; TPM2_Quote makes quotes.");
        }

        if (quote.Boot != boot)
        {
            throw new AttestationException("The quote and the certification are of different starts of the machine.");
        }

        var values = Quoted(statement, quote, signer.Hash);
        foreach (var rule in options.Pcrs)
        {
            var place = quote.Selection.ToList().IndexOf((TpmAlgorithms.Bank(rule.Bank) ?? 0, rule.Index));
            if (place < 0)
            {
                throw new AttestationException($"The quote leaves out PCR {rule.Index} of {rule.Bank}; this server wants {asked}.");
            }

            if (!rule.Values.Contains(Convert.ToHexString(values[place]), StringComparer.OrdinalIgnoreCase))
            {
                throw new AttestationException($"PCR {rule.Index} of {rule.Bank} holds {AcmeText.Shown(Convert.ToHexStringLower(values[place]), 128)}, which this server does not know as good.");
            }
        }

        return $"PCRs {asked} as configured";
    }

    // Part 1 §17.8: the digest is over the values in the order of the selection. It does not tell where one ends and the next begins; only their lengths do.
    private static IReadOnlyList<byte[]> Quoted(AttestationStatement statement, TpmAttest.Quote quote, HashAlgorithmName hash)
    {
        var values = statement.List("pcrs");
        using var digest = IncrementalHash.CreateHash(hash);
        foreach (var ((bank, index), value) in quote.Selection.Zip(values))
        {
            var size = TpmAlgorithms.Hash(bank) is { } known
                ? TpmAlgorithms.HashSize(known)
                : throw new AttestationException($"The quote is over PCR {index} of the bank 0x{bank:x4}; quote PCRs of the banks sha256, sha384 and sha512 alone.");
            if (value.Length != size)
            {
                throw new AttestationException($"The statement's pcrs have a value of {value.Length} octets for PCR {index}, whose bank has values of {size}.");
            }

            digest.AppendData(value);
        }

        return values.Count == quote.Selection.Count && digest.GetHashAndReset().AsSpan().SequenceEqual(quote.Digest)
            ? values
            : throw new AttestationException($"The statement's pcrs are not the {quote.Selection.Count} values that were quoted, in the order of the selection.");
    }

    private static byte[] SHA(HashAlgorithmName hash, string text) => CryptographicOperations.HashData(hash, Encoding.UTF8.GetBytes(text));

    private static ushort HashId(HashAlgorithmName hash) => hash == HashAlgorithmName.SHA256 ? (ushort)0x000B : (ushort)0x000C;

    private sealed record Signer(PublicKey Key, SignatureAlgorithm Signature, ushort Scheme, HashAlgorithmName Hash, byte[] Nonce);
}
