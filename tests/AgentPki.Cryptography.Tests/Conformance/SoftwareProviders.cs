using System.Formats.Asn1;
using System.Reflection;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>Both software providers, asked the same; the platform where it has the algorithm, which <see cref="PqRuntime.IsHere"/> demands.</summary>
internal static class SoftwareProviders
{
    public static IEnumerable<IKeyEncapsulationProvider> That(KeyAlgorithm algorithm, KeyCapabilities can)
    {
        IKeyEncapsulationProvider[] found = [.. new IKeyEncapsulationProvider[] { new PlatformProvider(), new BouncyCastleProvider() }.Where(p => (p.CapabilitiesFor(algorithm) & can) == can)];
        Assert.NotEmpty(found);
        Assert.True(!PqRuntime.IsHere || !algorithm.IsQuantumSafe || found.Length == 2, $"The platform lacks {algorithm} although this run is on OpenSSL 3.5.");
        return found;
    }

    public static SoftwareSigningKey Open(this ICryptoProvider provider, byte[] pkcs8, KeyPurpose purpose = KeyPurpose.Subject) =>
        provider is PlatformProvider ? PlatformProvider.ImportPkcs8("vector", purpose, pkcs8) : BouncyCastleProvider.ImportPkcs8("vector", purpose, pkcs8);

    public static SoftwareDecapsulationKey OpenDecapsulation(this ICryptoProvider provider, byte[] pkcs8) =>
        provider is PlatformProvider ? PlatformProvider.ImportDecapsulationKey("vector", KeyPurpose.Subject, pkcs8) : BouncyCastleProvider.ImportDecapsulationKey("vector", KeyPurpose.Subject, pkcs8);

    /// <summary>
    /// The algorithm with a context string, as no certificate has it: vectors do, and halves of composites (which is how it is made here, so that a key
    /// that shall sign with it has the purpose <see cref="KeyPurpose.CompositeHalf"/>).
    /// </summary>
    public static SignatureAlgorithm InContext(this KeyAlgorithm key, byte[] context)
    {
        if (context.Length == 0)
        {
            return key.DefaultSignature;
        }

        var constructor = typeof(SignatureAlgorithm).GetConstructor(BindingFlags.NonPublic | BindingFlags.Instance, [typeof(SignatureAlgorithm), typeof(KeyAlgorithm), typeof(KeyAlgorithm), typeof(ReadOnlyMemory<byte>)]);
        return (SignatureAlgorithm)constructor!.Invoke([key.DefaultSignature, KeyAlgorithm.MlDsa65EcdsaP256, key, new ReadOnlyMemory<byte>(context)]);
    }
}

/// <summary>PrivateKeyInfo (RFC 5958) written here, apart from the code under test.</summary>
internal static class Pkcs8
{
    public static byte[] Seed(KeyAlgorithm algorithm, byte[] seed) => Lattice(algorithm, w => w.WriteOctetString(seed, new Asn1Tag(TagClass.ContextSpecific, 0)));

    public static byte[] Expanded(KeyAlgorithm algorithm, byte[] key) => Lattice(algorithm, w => w.WriteOctetString(key));

    public static byte[] Both(KeyAlgorithm algorithm, byte[] seed, byte[] key) => Lattice(algorithm, w =>
    {
        using (w.PushSequence())
        {
            w.WriteOctetString(seed);
            w.WriteOctetString(key);
        }
    });

    public static byte[] Raw(KeyAlgorithm algorithm, byte[] key) => Frame(algorithm.AlgorithmIdentifier.ToArray(), key);

    public static byte[] Frame(byte[] algorithmIdentifier, byte[] key, byte[]? publicKey = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(publicKey is null ? 0 : 1);
            writer.WriteEncodedValue(algorithmIdentifier);
            writer.WriteOctetString(key);
            if (publicKey is not null)
            {
                writer.WriteBitString(publicKey, 0, new Asn1Tag(TagClass.ContextSpecific, 1));
            }
        }

        return writer.Encode();
    }

    /// <summary>What stands in the privateKey OCTET STRING.</summary>
    public static byte[] PrivateKeyOf(byte[] pkcs8)
    {
        var sequence = new AsnReader(pkcs8, AsnEncodingRules.DER).ReadSequence();
        sequence.ReadInteger();
        sequence.ReadEncodedValue();
        return sequence.ReadOctetString();
    }

    private static byte[] Lattice(KeyAlgorithm algorithm, Action<AsnWriter> choice)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        choice(writer);
        return Raw(algorithm, writer.Encode());
    }
}
