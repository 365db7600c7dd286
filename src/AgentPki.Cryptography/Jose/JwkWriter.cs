using System.Buffers;
using System.Buffers.Text;

namespace AgentPki.Cryptography.Jose;

/// <summary>Writes the canonical form of a key (RFC 7638 §3.2, §3.3). No value in it needs escaping.</summary>
internal static class JwkWriter
{
    public static byte[] Write(PublicKey key)
    {
        var output = new ArrayBufferWriter<byte>(64 + Base64Url.GetEncodedLength(key.KeyBits.Length));
        switch (key.Algorithm.Family)
        {
            case AlgorithmFamily.Ecdsa:
                // RFC 7518 §6.2.1.2, §6.2.1.3: as long as the curve's field.
                var point = key.KeyBits.Span[1..];
                output.Write("{\"crv\":\""u8);
                output.Write(key.Algorithm == KeyAlgorithm.EcdsaP256 ? "P-256"u8 : "P-384"u8);
                output.Write("\",\"kty\":\"EC\",\"x\":\""u8);
                WriteBase64(output, point[..(point.Length / 2)]);
                output.Write("\",\"y\":\""u8);
                WriteBase64(output, point[(point.Length / 2)..]);
                break;
            case AlgorithmFamily.Rsa when key.TryGetRsaParameters(out var modulus, out var exponent):
                output.Write("{\"e\":\""u8);
                WriteBase64(output, exponent.Span);
                output.Write("\",\"kty\":\"RSA\",\"n\":\""u8);
                WriteBase64(output, modulus.Span);
                break;
            case AlgorithmFamily.EdDsa:
                output.Write("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\""u8);
                WriteBase64(output, key.KeyBits.Span);
                break;
            default:
                // RFC 9964 §6
                output.Write("{\"alg\":\"ML-DSA-"u8);
                output.Write(key.Algorithm == KeyAlgorithm.MlDsa44 ? "44"u8 : key.Algorithm == KeyAlgorithm.MlDsa65 ? "65"u8 : "87"u8);
                output.Write("\",\"kty\":\"AKP\",\"pub\":\""u8);
                WriteBase64(output, key.KeyBits.Span);
                break;
        }

        output.Write("\"}"u8);
        return output.WrittenSpan.ToArray();
    }

    private static void WriteBase64(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> octets) =>
        output.Advance(Base64Url.EncodeToUtf8(octets, output.GetSpan(Base64Url.GetEncodedLength(octets.Length))));
}
