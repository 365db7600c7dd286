using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>RFC 5958 §2 AsymmetricKeyPackage: what a SignedData of type id-ct-KP-aKeyPackage holds in EST serverkeygen (RFC 7030 §4.4.2).</summary>
public static class AsymmetricKeyPackage
{
    /// <summary>SEQUENCE OF OneAsymmetricKey with one private key, a DER PrivateKeyInfo.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> privateKeyInfo)
    {
        using var writer = new DerWriter(privateKeyInfo.Length + 16);
        using (writer.Sequence())
        {
            writer.WriteEncoded(privateKeyInfo);
        }

        return writer.ToArray();
    }

    /// <summary>The private keys in the package, each a DER PrivateKeyInfo or OneAsymmetricKey.</summary>
    /// <exception cref="MalformedDataException">Not an AsymmetricKeyPackage.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Parse(ReadOnlyMemory<byte> package)
    {
        var outer = new DerReader(package);
        var sequence = outer.ReadSequence("AsymmetricKeyPackage");
        outer.End("AsymmetricKeyPackage");
        var keys = new List<ReadOnlyMemory<byte>>(1);
        while (!sequence.IsEmpty)
        {
            if (keys.Count == Limits.CmsParties)
            {
                throw sequence.Malformed($"AsymmetricKeyPackage: more than {Limits.CmsParties} keys");
            }

            keys.Add(sequence.ReadElement(DerTag.Sequence, "OneAsymmetricKey"));
        }

        return keys.Count > 0 ? keys : throw sequence.Malformed("AsymmetricKeyPackage: empty");
    }
}
