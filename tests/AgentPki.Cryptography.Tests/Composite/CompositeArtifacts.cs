using System.Formats.Asn1;
using System.Text.Json;

namespace AgentPki.Cryptography.Tests.Composite;

/// <summary>What another implementation made (tests/vectors/composite-bouncycastle).</summary>
internal sealed record CompositeArtifact(string Name, byte[] Spki, byte[] Pkcs8, byte[] Signature, byte[] Certificate)
{
    public static byte[] Message => "The quick brown fox jumps over the lazy dog."u8.ToArray();

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web);

    public static IReadOnlyList<CompositeArtifact> All { get; } =
        [.. File.ReadLines(Vectors.Path("composite-bouncycastle/artifacts.jsonl")).Select(line => JsonSerializer.Deserialize<CompositeArtifact>(line, Format)!)];

    public static CompositeArtifact Of(KeyAlgorithm algorithm) => All.Single(a => PublicKey.Parse(a.Spki).Algorithm == algorithm);

    /// <summary>TBSCertificate, SubjectPublicKeyInfo and signature of a certificate, by .NET's reader.</summary>
    public static (byte[] Tbs, byte[] Spki, byte[] AlgorithmIdentifier, byte[] Signature) Read(byte[] certificate)
    {
        var fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        var tbs = fields.ReadEncodedValue();
        var algorithm = fields.ReadEncodedValue();
        var signature = fields.ReadBitString(out _);
        var inner = new AsnReader(tbs, AsnEncodingRules.DER).ReadSequence();
        inner.ReadEncodedValue(); // version
        inner.ReadEncodedValue(); // serialNumber
        inner.ReadEncodedValue(); // signature
        inner.ReadEncodedValue(); // issuer
        inner.ReadEncodedValue(); // validity
        inner.ReadEncodedValue(); // subject
        return (tbs.ToArray(), inner.ReadEncodedValue().ToArray(), algorithm.ToArray(), signature);
    }
}
