using System.Formats.Asn1;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;

namespace AgentPki.Testing;

/// <summary>Takes composites of software apart, as somebody would who uses half of one elsewhere.</summary>
public static class SoftwareHalves
{
    /// <summary>The traditional half, an elliptic curve's: draft-ietf-lamps-pq-composite-sigs-19 §4.2: the ML-DSA seed's 32 octets, then an ECPrivateKey.</summary>
    public static SoftwareSigningKey Traditional(ISigningKey composite)
    {
        var info = new AsnReader(((SoftwareSigningKey)composite).ExportPkcs8(), AsnEncodingRules.DER).ReadSequence();
        info.ReadInteger();
        info.ReadEncodedValue();
        using var ec = ECDsa.Create();
        ec.ImportECPrivateKey(info.ReadOctetString().AsSpan(32), out _);
        return SoftwareKeys.ImportSigningKey("half", KeyPurpose.Subject, ec.ExportPkcs8PrivateKey());
    }
}
