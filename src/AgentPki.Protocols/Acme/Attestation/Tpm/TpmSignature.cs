using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>TPMT_SIGNATURE (TPM 2.0 Library, Part 2 §11.3.4), of an attestation key.</summary>
internal static class TpmSignature
{
    /// <summary>The signature as X.509 writes it.</summary>
    /// <param name="what">The statement's field.</param>
    /// <exception cref="AttestationException">Not a signature of that scheme and hash.</exception>
    public static byte[] Read(ReadOnlySpan<byte> signature, ushort scheme, ushort hash, KeyAlgorithm key, string what)
    {
        var reader = new TpmReader(signature, what);
        var (foundScheme, foundHash) = (reader.ReadUInt16(), reader.ReadUInt16());
        if (foundScheme != scheme || foundHash != hash)
        {
            throw reader.Malformed($"is of scheme 0x{foundScheme:x4} with hash 0x{foundHash:x4}, which is not the statement's alg");
        }

        if (scheme != TpmAlgorithms.EcDsa)
        {
            var octets = reader.ReadSized().ToArray();
            reader.End();
            return octets;
        }

        var size = key.SizeBits / 8;
        var concatenation = new byte[2 * size];
        foreach (var start in (ReadOnlySpan<int>)[0, size])
        {
            var part = reader.ReadSized();
            if (part.Length > size)
            {
                throw reader.Malformed("has a number longer than its curve's");
            }

            part.CopyTo(concatenation.AsSpan(start + size - part.Length));
        }

        reader.End();
        return EcdsaSignatureValue.FromConcatenation(concatenation);
    }
}
