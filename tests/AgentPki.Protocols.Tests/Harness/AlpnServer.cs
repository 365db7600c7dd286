using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A TLS server for tls-alpn-01 and certificates for it, right and wrong ones, made by the platform.</summary>
internal static class AlpnServer
{
    public const string AcmeIdentifier = "1.3.6.1.5.5.7.1.31";

    public static readonly byte[] Digest = SHA256.HashData(Encoding.ASCII.GetBytes(Challenge.KeyAuthorization));

    /// <summary>The server names that clients sent.</summary>
    public static RawServer Start(X509Certificate2 certificate, ConcurrentQueue<string?> names, params string[] protocols) => RawServer.Start(async (_, stream, cancellationToken) =>
    {
        await using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(
            (_, hello, _, _) =>
            {
                names.Enqueue(hello.ServerName);
                return ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    // Offline: or the server itself would look for its certificate's issuer.
                    ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                    ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(p => new SslApplicationProtocol(p))],
                });
            },
            null,
            cancellationToken);
        // Until the other side has what it came for.
        await tls.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken);
    });

    /// <param name="names">For the subjectAltName; null: no such extension.</param>
    /// <param name="identifier">The acmeIdentifier's extnValue; null: no such extension.</param>
    /// <param name="issuer">Who signs; null: the key itself.</param>
    /// <param name="issuerName">Whose name stands as the issuer's when the key itself signs.</param>
    public static X509Certificate2 Certificate(
        Action<SubjectAlternativeNameBuilder>? names, byte[]? identifier, bool critical = true, Action<CertificateRequest>? change = null, X509Certificate2? issuer = null, string? issuerName = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=challenge", key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            names(builder);
            request.CertificateExtensions.Add(builder.Build(critical: false));
        }

        if (identifier is not null)
        {
            request.CertificateExtensions.Add(new X509Extension(AcmeIdentifier, identifier, critical));
        }

        change?.Invoke(request);
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var certificate = issuer is not null
            ? request.Create(issuer, from, to, [1]).CopyWithPrivateKey(key)
            : request.Create(new X500DistinguishedName(issuerName ?? "CN=challenge"), X509SignatureGenerator.CreateForECDsa(key), from, to, [1]).CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>The certificate that the challenge wants for a name.</summary>
    public static X509Certificate2 Right(string name) => Certificate(n => n.AddDnsName(name), [4, 32, .. Digest]);
}
