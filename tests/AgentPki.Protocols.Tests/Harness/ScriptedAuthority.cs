using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>
/// Hop 3 as a test wants it: a root and an issuing CA of .NET's own making, which certify whatever a request asks for, or answer what the test says.
/// Everything that was asked and refused is kept.
/// </summary>
internal sealed class ScriptedAuthority
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _issuing;

    public ScriptedAuthority()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Authority("CN=Test Root", rootKey).CreateSelfSigned(Day(-10), Day(100));
        using var signed = Authority("CN=Test Issuing CA", _key).Create(root, Day(-9), Day(90), RandomNumberGenerator.GetBytes(16).Positive());
        _issuing = signed.CopyWithPrivateKey(_key);
        Chain = [Certificate.Parse(_issuing.RawData), Certificate.Parse(root.RawData)];
    }

    public IReadOnlyList<Certificate> Chain { get; }

    public ConcurrentQueue<EnrollmentRequest> Asked { get; } = new();

    public ConcurrentQueue<(Requester Requester, PkiProblem Problem, string CorrelationId)> Refused { get; } = new();

    /// <summary>What to answer instead of a certificate; null: certify.</summary>
    public Func<EnrollmentRequest, EnrollmentOutcome?> Answer { get; set; } = static request => request.Requester switch
    {
        Requester.Stranger => new EnrollmentOutcome.Rejected(new PkiProblem(PkiProblemKind.Unauthenticated, "authenticate with a certificate or a credential")),
        _ => null,
    };

    public ValueTask<EnrollmentOutcome> EnrollAsync(EnrollmentRequest request, CancellationToken cancellationToken)
    {
        Asked.Enqueue(request);
        return new(Answer(request) ?? Issue(request));
    }

    public ValueTask RefuseAsync(Requester requester, PkiProblem problem, string protocol, string correlationId, CancellationToken cancellationToken)
    {
        Refused.Enqueue((requester, problem, correlationId));
        return ValueTask.CompletedTask;
    }

    public bool Issued(Certificate certificate) => certificate.Issuer.Equals(Chain[0].Subject) && certificate.VerifySignature(Chain[0].PublicKey, TestProviders.All);

    /// <summary>A client certificate of this CA with its key.</summary>
    public X509Certificate2 ClientCertificate(string name, Action<CertificateRequest>? configure = null, RSA? rsa = null)
    {
        var key = rsa is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var request = key is not null
            ? new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            : new CertificateRequest($"CN={name}", rsa!, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        configure?.Invoke(request);
        using var certificate = request.Create(_issuing.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), Day(-1), Day(10), RandomNumberGenerator.GetBytes(16).Positive());
        return key is not null ? certificate.CopyWithPrivateKey(key) : certificate.CopyWithPrivateKey(rsa!);
    }

    public static X509Certificate2 TlsCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(Day(-1), Day(10));
    }

    private EnrollmentOutcome.Issued Issue(EnrollmentRequest request)
    {
        using var made = request.Kind == EnrollmentKind.ServerKeygen ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var key = made is null ? request.Csr.PublicKey.SubjectPublicKeyInfo.ToArray() : made.ExportSubjectPublicKeyInfo();
        var certificate = new CertificateRequest(new X500DistinguishedName(request.Csr.Subject.Der.Span), System.Security.Cryptography.X509Certificates.PublicKey.CreateFromSubjectPublicKeyInfo(key, out _), HashAlgorithmName.SHA256);
        foreach (var extension in request.Csr.RequestedExtensions)
        {
            certificate.CertificateExtensions.Add(new X509Extension(extension.Oid, extension.Value.Span, extension.Critical));
        }

        using var issued = certificate.Create(_issuing.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), Day(-1), Day(10), RandomNumberGenerator.GetBytes(16).Positive());
        return new EnrollmentOutcome.Issued(Certificate.Parse(issued.RawData), Chain, made?.ExportPkcs8PrivateKey());
    }

    private static CertificateRequest Authority(string name, ECDsa key) => new(name, key, HashAlgorithmName.SHA256)
    {
        CertificateExtensions =
        {
            new X509BasicConstraintsExtension(true, false, 0, true),
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true),
            new X509SubjectKeyIdentifierExtension(new System.Security.Cryptography.X509Certificates.PublicKey(key), false),
        },
    };

    private static DateTimeOffset Day(int days) => TimeProvider.System.GetUtcNow().AddDays(days);
}

internal static class TestProviders
{
    public static CryptoProviders All { get; } = new(new Cryptography.Providers.Platform.PlatformProvider());

    public static byte[] Positive(this byte[] serial)
    {
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}
