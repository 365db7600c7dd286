using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;

namespace AgentPki.Client.Delegation;

/// <summary>The appliance did not grant, or could not be asked; the message is its sentence.</summary>
/// <param name="status">Its answer's; null: there was none.</param>
public sealed class DelegationException(string message, HttpStatusCode? status = null, Exception? inner = null) : Exception(message, inner)
{
    public HttpStatusCode? Status { get; } = status;
}

/// <summary>Has children for an agent: signs grants with its key, sends them over mTLS, and fetches the bundle that goes with a certificate.</summary>
public sealed class DelegationClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Certificate _certificate;
    private readonly ISigningKey _key;
    private readonly TimeProvider _clock;
    private readonly string _policyOid;

    /// <param name="options">With the client certificate of the agent; label and credential play no part.</param>
    /// <param name="certificate">The same certificate.</param>
    /// <param name="key">Its key, which signs grants.</param>
    public DelegationClient(EstClientOptions options, Certificate certificate, ISigningKey key, TimeProvider clock, string policyOid = AgentPolicyDer.DefaultOid)
    {
        if (options.ClientCertificate is null)
        {
            throw new ArgumentException("Agents grant over mTLS: a client certificate is needed.", nameof(options));
        }

        (_certificate, _key, _clock, _policyOid) = (certificate, key, clock, policyOid);
        _http = new HttpClient(EstClient.Handler(options, new ServerTrust(options.TrustAnchors, clock)), disposeHandler: true)
        {
            BaseAddress = new Uri(options.Server, "/delegation/v1/"),
            Timeout = options.Timeout,
            MaxResponseContentBufferSize = GrantBundle.MaximumLength,
        };
    }

    /// <summary>Makes a child: from the answer on it may be enrolled, once, with this agent's certificate.</summary>
    /// <param name="keyThumbprint">The only key that the child may have (RFC 7638, SHA-256); null: any.</param>
    /// <returns>The child's bundle.</returns>
    /// <exception cref="DelegationException">Not granted, or no usable answer.</exception>
    public async Task<GrantBundle> GrantAsync(SpiffeId child, AgentPolicy policy, ReadOnlyMemory<byte>? keyThumbprint, CancellationToken cancellationToken)
    {
        var own = _certificate.FindExtension(_policyOid) is { } extension ? AgentPolicyDer.Parse(extension.Value) : throw new DelegationException("This agent's certificate carries no policy: it may not delegate.");
        if (policy.WhyNotDelegable(own) is { } wider)
        {
            throw new DelegationException($"The child would not have less than this agent: {wider}.");
        }

        if (!GrantStatement.TryCreate(_certificate.SpiffeId ?? throw new DelegationException("The certificate names no agent."), child, _clock.GetUtcNow(), RandomNumberGenerator.GetBytes(GrantStatement.ShortestId), policy, own.Parent?.Grant, keyThumbprint, out var statement, out var error))
        {
            throw new DelegationException($"There is no such grant: {error}.");
        }

        var grant = await SignedGrant.SignAsync(statement, _key, _certificate, cancellationToken);
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(grant.Text));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/jose");
        return await SendAsync(HttpMethod.Post, "grants", content, cancellationToken);
    }

    /// <summary>The bundle that goes with this agent's certificate; without links where it is nobody's child.</summary>
    /// <exception cref="DelegationException">No usable answer.</exception>
    public Task<GrantBundle> GetBundleAsync(CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, "bundle", null, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<GrantBundle> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var answer = await _http.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return !answer.IsSuccessStatusCode ? throw new DelegationException(text.Trim() is { Length: > 0 } said ? said : $"The appliance answered {(int)answer.StatusCode}.", answer.StatusCode)
                : GrantBundle.TryParse(text, out var bundle, out var error) ? bundle
                : throw new DelegationException($"The answer cannot be read: {error}");
        }
        catch (HttpRequestException failure)
        {
            throw new DelegationException($"The appliance cannot be reached: {failure.Message}", null, failure);
        }
    }
}
