using System.Collections.Concurrent;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Tests.Support;

/// <summary>Keys made once a run, and a small hierarchy: a root, an issuing CA, an agent.</summary>
internal static class TestPki
{
    private static readonly ConcurrentDictionary<string, ISigningKey> Keys = new();

    public static CryptoProviders Providers { get; } = new(new PlatformProvider(), new BouncyCastleProvider());

    public static DateTimeOffset Now { get; } = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    public static X500Name RootName { get; } = X500Name.Create((Oids.Organization, "Example"), (Oids.CommonName, "Example Root"));

    public static X500Name IssuingName { get; } = X500Name.Create((Oids.Organization, "Example"), (Oids.CommonName, "Example Issuing"));

    public static ISigningKey RootKey => Key(KeyAlgorithm.EcdsaP384, "root");

    public static ISigningKey IssuingKey => Key(KeyAlgorithm.EcdsaP256, "issuing");

    public static ISigningKey AgentKey => Key(KeyAlgorithm.EcdsaP256, "agent");

    public static Certificate Root { get; } = Issue(RootTbs(), RootKey);

    public static Certificate Issuing { get; } = Issue(IssuingTbs(), RootKey);

    public static Certificate Agent { get; } = Issue(AgentTbs(), IssuingKey);

    public static ISigningKey Key(KeyAlgorithm algorithm, string label = "test") =>
        Keys.GetOrAdd($"{algorithm.Name}/{label}", _ => Generate(algorithm, label));

    public static TbsCertificate RootTbs() => new()
    {
        SerialNumber = Serial(1),
        Signature = SignatureAlgorithm.EcdsaSha384,
        Issuer = RootName,
        NotBefore = Now.AddYears(-1),
        NotAfter = Now.AddYears(10),
        Subject = RootName,
        PublicKey = RootKey.PublicKey,
        Extensions =
        [
            X509Extension.BasicConstraints(true),
            X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
            X509Extension.SubjectKeyIdentifier(RootKey.PublicKey.KeyIdentifier()),
        ],
    };

    public static TbsCertificate IssuingTbs() => new()
    {
        SerialNumber = Serial(2),
        Signature = SignatureAlgorithm.EcdsaSha384,
        Issuer = RootName,
        NotBefore = Now.AddMonths(-1),
        NotAfter = Now.AddYears(5),
        Subject = IssuingName,
        PublicKey = IssuingKey.PublicKey,
        Extensions =
        [
            X509Extension.BasicConstraints(true, 0),
            X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
            X509Extension.SubjectKeyIdentifier(IssuingKey.PublicKey.KeyIdentifier()),
            X509Extension.AuthorityKeyIdentifier(RootKey.PublicKey.KeyIdentifier()),
            X509Extension.CrlDistributionPoints("http://pki.example/root.crl"),
            X509Extension.AuthorityInformationAccess([], ["http://pki.example/root.cer"]),
        ],
    };

    public static TbsCertificate AgentTbs() => new()
    {
        SerialNumber = Serial(3),
        Signature = SignatureAlgorithm.EcdsaSha256,
        Issuer = IssuingName,
        NotBefore = Now.AddMinutes(-5),
        NotAfter = Now.AddDays(1),
        Subject = X500Name.Create((Oids.CommonName, "agent-7")),
        PublicKey = AgentKey.PublicKey,
        Extensions =
        [
            X509Extension.BasicConstraints(false),
            X509Extension.KeyUsage(KeyUsages.DigitalSignature),
            X509Extension.ExtendedKeyUsage(Oids.ClientAuth),
            X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/team-a/agent-7")]),
            X509Extension.SubjectKeyIdentifier(AgentKey.PublicKey.KeyIdentifier()),
            X509Extension.AuthorityKeyIdentifier(IssuingKey.PublicKey.KeyIdentifier()),
            X509Extension.CrlDistributionPoints("http://pki.example/issuing.crl"),
            X509Extension.AuthorityInformationAccess(["http://pki.example/ocsp"], ["http://pki.example/issuing.cer"]),
        ],
    };

    public static TbsCertificate OcspResponderTbs() => AgentTbs() with
    {
        Subject = X500Name.Create((Oids.CommonName, "OCSP responder")),
        Extensions =
        [
            X509Extension.BasicConstraints(false),
            X509Extension.KeyUsage(KeyUsages.DigitalSignature),
            X509Extension.ExtendedKeyUsage(Oids.OcspSigning),
            X509Extension.OcspNoCheck(),
            X509Extension.SubjectKeyIdentifier(AgentKey.PublicKey.KeyIdentifier()),
            X509Extension.AuthorityKeyIdentifier(IssuingKey.PublicKey.KeyIdentifier()),
        ],
    };

    public static Certificate Issue(TbsCertificate tbs, ISigningKey issuer) => Certificate.Parse(IssueDer(tbs.Encode(), tbs.Signature, issuer));

    public static byte[] IssueDer(byte[] tbs, SignatureAlgorithm algorithm, ISigningKey issuer) => Certificate.Assemble(tbs, algorithm, Sign(issuer, algorithm, tbs));

    public static byte[] Sign(ISigningKey key, SignatureAlgorithm algorithm, byte[] message)
    {
        var pending = key.SignAsync(algorithm, message, CancellationToken.None);
        return pending.IsCompletedSuccessfully ? pending.Result : pending.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>A 16-octet serial number that looks random and is not.</summary>
    public static byte[] Serial(int seed)
    {
        var serial = new byte[16];
        new Random(seed).NextBytes(serial);
        serial[0] = (byte)(serial[0] & 0x3F | 0x40);
        return serial;
    }

    /// <summary>The extensions with one replaced, or added when there is none of its type.</summary>
    public static IReadOnlyList<X509Extension> With(this IReadOnlyList<X509Extension> extensions, X509Extension extension) =>
        [.. extensions.Where(e => e.Oid != extension.Oid), extension];

    public static IReadOnlyList<X509Extension> Without(this IReadOnlyList<X509Extension> extensions, string oid) => [.. extensions.Where(e => e.Oid != oid)];

    private static ISigningKey Generate(KeyAlgorithm algorithm, string label)
    {
        var provider = Providers.For(algorithm, KeyCapabilities.Generate) ?? throw new InvalidOperationException(algorithm.Name);
        var pending = provider.GenerateAsync(new KeySpec($"x509-{label}-{algorithm.Name}", algorithm, KeyPurpose.Subject), CancellationToken.None);
        return pending.IsCompletedSuccessfully ? pending.Result : pending.AsTask().GetAwaiter().GetResult();
    }
}
