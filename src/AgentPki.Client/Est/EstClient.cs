using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Requests;

namespace AgentPki.Client.Est;

/// <summary>An EST client (RFC 7030 with RFC 8951): certificates, attributes, enrolment, renewal and server-made keys.</summary>
/// <remarks>Keeps its TLS connection open between calls. Thread-safe.</remarks>
public sealed class EstClient : IDisposable
{
    private readonly EstClientOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public EstClient(EstClientOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        if (options.Server.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException("EST runs over TLS only (RFC 7030 §3.3).", nameof(options));
        }

        _http = new HttpClient(Handler(options, new ServerTrust(options.TrustAnchors, clock)), disposeHandler: true)
        {
            BaseAddress = new Uri(options.Server, options.Label is null ? "/.well-known/est/" : $"/.well-known/est/{Uri.EscapeDataString(options.Label)}/"),
            Timeout = options.Timeout,
            MaxResponseContentBufferSize = options.MaximumAnswerBytes,
        };
        if (options.Credential is { } credential)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.Name}:{credential.Secret}")));
        }
    }

    internal TimeProvider Clock => _clock;

    /// <summary>RFC 7030 §4.1: the CA's certificates, the issuing CA's chain included.</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public async Task<IReadOnlyList<Certificate>> GetCaCertificatesAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, "cacerts", null, cancellationToken);
        await RequireSuccessAsync(answer, "cacerts", cancellationToken);
        var certificates = await ReadCertificatesAsync(answer.Content, cancellationToken);
        return certificates.Count > 0 ? certificates : throw new EstProtocolException("cacerts is empty (RFC 7030 §4.1.3 wants at least one certificate).");
    }

    /// <summary>RFC 7030 §4.5: the DER CsrAttrs, or null when the server has none to ask for.</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public async Task<byte[]?> GetCsrAttributesAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, "csrattrs", null, cancellationToken);
        // RFC 7030 §4.5.2: 204 and 404 both mean that there are none.
        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotFound)
        {
            return null;
        }

        await RequireSuccessAsync(answer, "csrattrs", cancellationToken);
        RequireMediaType(answer.Content, "application/csrattrs");
        return Decode(await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>What the server wants of a request, out of its csrattrs (RFC 9908).</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public async Task<EstWishes> GetWishesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await GetCsrAttributesAsync(cancellationToken) is { Length: > 0 } encoded ? EstWishes.Of(CsrAttributes.Parse(encoded)) : EstWishes.None;
        }
        catch (MalformedDataException error)
        {
            throw new EstProtocolException($"The answer to csrattrs cannot be read: {error.Message}", error);
        }
    }

    /// <summary>RFC 7030 §4.2.1.</summary>
    /// <param name="request">A DER PKCS#10 request.</param>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public Task<EstEnrollment> EnrollAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken) => EnrollAsync("simpleenroll", request, cancellationToken);

    /// <summary>RFC 7030 §4.2.2: same names; the client certificate is the one being renewed.</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public Task<EstEnrollment> ReenrollAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken) => EnrollAsync("simplereenroll", request, cancellationToken);

    /// <summary>Enrols and, while the server asks for patience, posts the same request again until <paramref name="patience"/> is spent.</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public async Task<EstEnrollment> EnrollAndWaitAsync(ReadOnlyMemory<byte> request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = _clock.GetTimestamp();
        while (true)
        {
            var result = await EnrollAsync(request, cancellationToken);
            if (result is not EstEnrollment.Pending pending || _clock.GetElapsedTime(start) + pending.RetryAfter > patience)
            {
                return result;
            }

            await Task.Delay(pending.RetryAfter, _clock, cancellationToken);
        }
    }

    /// <summary>RFC 7030 §4.4: the server makes the key. The request's own key only proves its form, or receives the answer.</summary>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    public async Task<EstServerKey> ServerKeygenAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, "serverkeygen", request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.Accepted)
        {
            return new EstServerKey.Pending(RetryAfter(answer) ?? throw new EstProtocolException("202 without Retry-After (RFC 7030 §4.2.3)."));
        }

        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return new EstServerKey.Refused((int)answer.StatusCode, await DetailAsync(answer, cancellationToken), RetryAfter(answer));
        }

        return await ServerKeyAnswer.ReadAsync(answer.Content, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<EstEnrollment> EnrollAsync(string operation, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, operation, request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.Accepted)
        {
            return new EstEnrollment.Pending(RetryAfter(answer) ?? throw new EstProtocolException("202 without Retry-After (RFC 7030 §4.2.3)."));
        }

        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return new EstEnrollment.Refused((int)answer.StatusCode, await DetailAsync(answer, cancellationToken), RetryAfter(answer));
        }

        var certificates = await ReadCertificatesAsync(answer.Content, cancellationToken);
        return certificates is [var certificate]
            ? new EstEnrollment.Issued(certificate)
            : throw new EstProtocolException($"{operation} answered {certificates.Count} certificates instead of one (RFC 7030 §4.2.3).");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string operation, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(method, operation) { Version = HttpVersion.Version11 };
        if (body is { } request)
        {
            // RFC 8951 §3.1: base64 regardless of any Content-Transfer-Encoding.
            message.Content = new StringContent(Convert.ToBase64String(request.Span));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/pkcs10");
        }

        try
        {
            return await _http.SendAsync(message, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new EstProtocolException($"{_options.Server} {operation}: {(error.InnerException as AuthenticationException ?? (Exception)error).Message}", error);
        }
        catch (TaskCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EstProtocolException($"{_options.Server} {operation}: no answer within {_options.Timeout.TotalSeconds:0} seconds.", error);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage answer) =>
        answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => TimeSpan.FromTicks(Math.Max(0, (date - _clock.GetUtcNow()).Ticks)),
            _ => null,
        };

    internal static SocketsHttpHandler Handler(EstClientOptions options, ServerTrust trust) => new()
    {
        AllowAutoRedirect = false, // RFC 7030 §3.2.1: a redirect to another origin needs the client's consent
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = TrustPolicy(options.TrustAnchors),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => trust.Accepts(certificate, chain, errors),
            // Offline: else the platform calls up the address of the issuer that the certificate names, before each first request, and waits for it where it is not to be had.
            ClientCertificateContext = options.ClientCertificate is { } certificate ? SslStreamCertificateContext.Create(certificate, null, offline: true) : null,
        },
    };

    private static X509ChainPolicy TrustPolicy(IReadOnlyList<Certificate> anchors)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        foreach (var anchor in anchors)
        {
            policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(anchor.Der.Span));
        }

        return policy;
    }

    private static async Task RequireSuccessAsync(HttpResponseMessage answer, string operation, CancellationToken cancellationToken)
    {
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new EstProtocolException($"{operation} answered {(int)answer.StatusCode}: {await DetailAsync(answer, cancellationToken)}");
        }
    }

    private static async Task<string> DetailAsync(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim() is { Length: > 0 } text ? text : answer.ReasonPhrase ?? "no reason given";

    private static async Task<IReadOnlyList<Certificate>> ReadCertificatesAsync(HttpContent content, CancellationToken cancellationToken)
    {
        RequireMediaType(content, "application/pkcs7-mime");
        return ParseCertificates(Decode(await content.ReadAsStringAsync(cancellationToken)));
    }

    internal static IReadOnlyList<Certificate> ParseCertificates(byte[] certsOnly)
    {
        try
        {
            return CertsOnly.Parse(certsOnly);
        }
        catch (MalformedDataException error)
        {
            throw new EstProtocolException($"The answer is not a certs-only CMS message: {error.Message}", error);
        }
    }

    internal static byte[] Decode(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64); // takes line breaks
        }
        catch (FormatException error)
        {
            throw new EstProtocolException("The answer's body is not base64 (RFC 8951 §3).", error);
        }
    }

    private static void RequireMediaType(HttpContent content, string expected)
    {
        if (!string.Equals(content.Headers.ContentType?.MediaType, expected, StringComparison.OrdinalIgnoreCase))
        {
            throw new EstProtocolException($"The answer is {content.Headers.ContentType?.MediaType ?? "of no type"} instead of {expected}.");
        }
    }
}
