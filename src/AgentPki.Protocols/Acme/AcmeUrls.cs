using AgentPki.Authority.Acme;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>
/// The URLs of the resources (RFC 8555 §7.1): under the one base that is configured, else under the host that the client itself named, since one appliance may have several names.
/// </summary>
internal readonly struct AcmeUrls(AcmeServices services, HttpContext context)
{
    public const string Root = "/acme";

    private readonly string _origin = OriginOf(services, context);

    private readonly string _base = $"{OriginOf(services, context)}{Root}";

    public string Directory => $"{_base}/directory";

    public string NewNonce => $"{_base}/new-nonce";

    public string NewAccount => $"{_base}/new-account";

    public string NewOrder => $"{_base}/new-order";

    public string NewAuthorization => $"{_base}/new-authz";

    public string RevokeCertificate => $"{_base}/revoke-cert";

    public string KeyChange => $"{_base}/key-change";

    public string RenewalInfo => $"{_base}/renewal-info";

    public string Account(string id) => $"{_base}/account/{id}";

    public string Orders(string account, string? before = null) => $"{_base}/account/{account}/orders{(before is null ? "" : $"?before={before}")}";

    public string Order(string id) => $"{_base}/order/{id}";

    public string Finalize(string id) => $"{_base}/order/{id}/finalize";

    public string Authorization(string id) => $"{_base}/authz/{id}";

    public string Challenge(string authorization, AcmeChallenge challenge) => $"{_base}/challenge/{authorization}/{challenge.Type}";

    public string Certificate(string order) => $"{_base}/certificate/{order}";

    public string Alternate(string order, int number) => $"{_base}/certificate/{order}/{number}";

    /// <summary>The account that a kid names; null when it is none of this server's.</summary>
    public string? AccountOf(string url)
    {
        var prefix = $"{_base}/account/";
        return url.StartsWith(prefix, StringComparison.Ordinal) ? url[prefix.Length..] : null;
    }

    /// <summary>The URL of the request that is being answered.</summary>
    public string Of(HttpContext context) => $"{_origin}{context.Request.Path.Value}{context.Request.QueryString.Value}";

    private static string OriginOf(AcmeServices services, HttpContext context) => services.Authority.Options is { HasOneBaseUrl: true } options ? options.BaseUrl : $"https://{context.Request.Host.Value}";
}
