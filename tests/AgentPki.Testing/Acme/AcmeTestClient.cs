using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentPki.Testing.Acme;

/// <summary>What a server answered, read whole.</summary>
public sealed record AcmeTestAnswer(HttpStatusCode Status, string? MediaType, string Text, string? Location, string? Nonce, int? RetryAfter, IReadOnlyList<string> Links)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    /// <summary>The problem's type without the namespace; null: it is no problem.</summary>
    public string? Problem => MediaType == "application/problem+json" ? ((string?)Json["type"])?.Replace("urn:ietf:params:acme:error:", "", StringComparison.Ordinal) : null;

    /// <summary>The target of a Link of that relation; null: none.</summary>
    public string? Link(string relation) => Links.Where(l => l.EndsWith($"rel=\"{relation}\"", StringComparison.Ordinal)).Select(l => l[1..l.IndexOf('>', StringComparison.Ordinal)]).FirstOrDefault();

    public override string ToString() => $"{(int)Status} {Text}";
}

/// <summary>The header of a request before it is signed; tests change it to see what is refused.</summary>
public sealed record AcmeTestHeader(string Algorithm, string? Nonce, string Url, string? KeyId, JsonObject? Jwk);

/// <summary>A plain ACME client (ES256) that does exactly what it is told, wrong things included: written from RFC 8555, without the appliance's own code.</summary>
public sealed class AcmeTestClient(HttpClient http, Uri directory) : IDisposable
{
    private readonly Dictionary<string, string> _urls = new(StringComparer.Ordinal);
    private string? _nonce;

    public ECDsa Key { get; set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The account's URL, once there is one.</summary>
    public string? Account { get; set; }

    public HttpClient Http => http;

    /// <summary>The public key as RFC 7517 writes it.</summary>
    public static JsonObject JwkOf(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return new JsonObject { ["crv"] = "P-256", ["kty"] = "EC", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }

    public async Task<string> UrlAsync(string name)
    {
        if (_urls.Count == 0)
        {
            var json = JsonNode.Parse(await http.GetStringAsync(directory))!.AsObject();
            foreach (var (key, value) in json)
            {
                if (value is JsonValue)
                {
                    _urls[key] = value.ToString();
                }
            }
        }

        return _urls[name];
    }

    /// <summary>Drops the nonce of the last answer: it is too old after a clock was moved.</summary>
    public void ForgetNonce() => _nonce = null;

    public async Task<string> NonceAsync()
    {
        if (_nonce is { } kept)
        {
            _nonce = null;
            return kept;
        }

        using var answer = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, await UrlAsync("newNonce")));
        return answer.Headers.GetValues("Replay-Nonce").Single();
    }

    /// <summary>Makes the account.</summary>
    public async Task<AcmeTestAnswer> RegisterAsync(JsonObject? payload = null)
    {
        var answer = await PostAsync(await UrlAsync("newAccount"), payload ?? new JsonObject { ["termsOfServiceAgreed"] = true });
        Account = answer.Location ?? Account;
        return answer;
    }

    public async Task<AcmeTestAnswer> OrderAsync(params (string Type, string Value)[] identifiers) => await OrderAsync(null, null, identifiers);

    public async Task<AcmeTestAnswer> OrderAsync(string? profile, string? replaces, params (string Type, string Value)[] identifiers)
    {
        var payload = new JsonObject { ["identifiers"] = new JsonArray([.. identifiers.Select(i => (JsonNode)new JsonObject { ["type"] = i.Type, ["value"] = i.Value })]) };
        if (profile is not null)
        {
            payload["profile"] = profile;
        }

        if (replaces is not null)
        {
            payload["replaces"] = replaces;
        }

        return await PostAsync(await UrlAsync("newOrder"), payload);
    }

    /// <summary>Answers a challenge of every authorization that waits, and polls until the order is no longer pending.</summary>
    public async Task<AcmeTestAnswer> AuthorizeAsync(AcmeTestAnswer order, string challenge = "http-01")
    {
        foreach (var url in order.Json["authorizations"]!.AsArray().Select(a => a!.ToString()))
        {
            var authorization = await GetAsync(url);
            if (authorization.Json["status"]!.ToString() == "pending")
            {
                await PostAsync(ChallengeOf(authorization, challenge), []);
            }
        }

        return await PollAsync(order.Location!, "pending");
    }

    public static string ChallengeOf(AcmeTestAnswer authorization, string type) => authorization.Json["challenges"]!.AsArray().Single(c => c!["type"]!.ToString() == type)!["url"]!.ToString();

    public async Task<AcmeTestAnswer> PollAsync(string url, string status)
    {
        for (var i = 0; ; i++)
        {
            var answer = await GetAsync(url);
            if (i == 200 || answer.Problem is not null || answer.Json["status"]?.ToString() != status)
            {
                return answer;
            }

            await Task.Delay(25);
        }
    }

    /// <summary>The whole flow: an order, its authorizations, a request, the certificate.</summary>
    public async Task<(X509Certificate2 Certificate, AcmeTestAnswer Order)> ObtainAsync(string? profile, string? replaces, params (string Type, string Value)[] identifiers)
    {
        var order = await AuthorizeAsync(await OrderAsync(profile, replaces, identifiers) is { Problem: null } placed ? placed : throw new InvalidOperationException("not placed"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var done = await FinalizeAsync(order, Csr(key, identifiers));
        if (done.Problem is not null || done.Json["certificate"] is not { } url)
        {
            throw new InvalidOperationException(done.ToString());
        }

        var pem = await GetAsync(url.ToString());
        return (X509Certificate2.CreateFromPem(pem.Text), done);
    }

    public Task<AcmeTestAnswer> FinalizeAsync(AcmeTestAnswer order, byte[] csr) => PostAsync(order.Json["finalize"]!.ToString(), new JsonObject { ["csr"] = Base64Url.EncodeToString(csr) });

    public static byte[] Csr(ECDsa key, params (string Type, string Value)[] identifiers) => Csr(key, null, identifiers);

    public static byte[] Csr(ECDsa key, string? commonName, params (string Type, string Value)[] identifiers)
    {
        var request = new CertificateRequest(commonName is null ? "" : $"CN={commonName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var (type, value) in identifiers)
        {
            switch (type)
            {
                case "dns":
                    names.AddDnsName(value);
                    break;
                case "ip":
                    names.AddIpAddress(IPAddress.Parse(value));
                    break;
                default:
                    names.AddUri(new Uri(value));
                    break;
            }
        }

        if (identifiers.Length > 0)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        return request.CreateSigningRequest();
    }

    /// <summary>POST-as-GET.</summary>
    public Task<AcmeTestAnswer> GetAsync(string url) => PostAsync(url, (byte[])[]);

    public Task<AcmeTestAnswer> PostAsync(string url, JsonObject payload) => PostAsync(url, Encoding.UTF8.GetBytes(payload.ToJsonString()));

    /// <summary>A signed request: by the account's URL when there is one, by the key itself else, unless <paramref name="change"/> says otherwise.</summary>
    public async Task<AcmeTestAnswer> PostAsync(string url, byte[] payload, Func<AcmeTestHeader, AcmeTestHeader>? change = null, ECDsa? signer = null)
    {
        var header = new AcmeTestHeader("ES256", await NonceAsync(), url, Account, Account is null ? JwkOf(Key) : null);
        return await SendAsync(url, Sign(change?.Invoke(header) ?? header, payload, signer ?? Key));
    }

    public async Task<AcmeTestAnswer> SendAsync(string url, string body, string contentType = "application/jose+json")
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var answer = await http.SendAsync(message);
        _nonce = answer.Headers.TryGetValues("Replay-Nonce", out var nonces) ? nonces.Single() : null;
        return new AcmeTestAnswer(
            answer.StatusCode,
            answer.Content.Headers.ContentType?.MediaType,
            await answer.Content.ReadAsStringAsync(),
            answer.Headers.Location?.OriginalString,
            _nonce,
            (int?)answer.Headers.RetryAfter?.Delta?.TotalSeconds,
            answer.Headers.TryGetValues("Link", out var links) ? [.. links] : []);
    }

    /// <summary>RFC 7515 §7.2.2.</summary>
    public static string Sign(AcmeTestHeader header, byte[] payload, ECDsa key)
    {
        var members = new JsonObject { ["alg"] = header.Algorithm, ["url"] = header.Url };
        if (header.Nonce is not null)
        {
            members["nonce"] = header.Nonce;
        }

        if (header.KeyId is not null)
        {
            members["kid"] = header.KeyId;
        }

        if (header.Jwk is not null)
        {
            members["jwk"] = header.Jwk.DeepClone();
        }

        var (text, content) = (Base64Url.EncodeToString(Encoding.UTF8.GetBytes(members.ToJsonString())), Base64Url.EncodeToString(payload));
        var signature = key.SignData(Encoding.ASCII.GetBytes($"{text}.{content}"), HashAlgorithmName.SHA256); // r ‖ s: RFC 7518 §3.4
        return new JsonObject { ["protected"] = text, ["payload"] = content, ["signature"] = Base64Url.EncodeToString(signature) }.ToJsonString();
    }

    /// <summary>RFC 8555 §7.3.4: HS256 over the account's key.</summary>
    public JsonNode Binding(string url, string keyId, byte[] secret)
    {
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["alg"] = "HS256", ["kid"] = keyId, ["url"] = url }.ToJsonString()));
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(JwkOf(Key).ToJsonString()));
        var mac = HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes($"{header}.{payload}"));
        return new JsonObject { ["protected"] = header, ["payload"] = payload, ["signature"] = Base64Url.EncodeToString(mac) };
    }

    public void Dispose()
    {
        Key.Dispose();
        http.Dispose();
    }
}
