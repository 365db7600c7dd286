using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>The directory (RFC 8555 §7.1.1) and fresh nonces (§7.2).</summary>
internal sealed class AcmeDirectoryHandler(AcmeServices services)
{
    public Task DirectoryAsync(HttpContext context)
    {
        var (urls, options) = (new AcmeUrls(services, context), services.Authority.Options);
        context.Response.Headers.CacheControl = "no-store";
        return AcmeAnswer.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("newNonce"u8, urls.NewNonce);
            json.WriteString("newAccount"u8, urls.NewAccount);
            json.WriteString("newOrder"u8, urls.NewOrder);
            json.WriteString("newAuthz"u8, urls.NewAuthorization);
            json.WriteString("revokeCert"u8, urls.RevokeCertificate);
            json.WriteString("keyChange"u8, urls.KeyChange);
            json.WriteString("renewalInfo"u8, urls.RenewalInfo); // RFC 9773 §4.1
            json.WriteStartObject("meta"u8);
            if (options.TermsOfService is { } terms)
            {
                json.WriteString("termsOfService"u8, terms);
            }

            if (options.Website is { } website)
            {
                json.WriteString("website"u8, website);
            }

            if (options.CaaIdentities.Count > 0)
            {
                json.WriteStartArray("caaIdentities"u8);
                foreach (var identity in options.CaaIdentities)
                {
                    json.WriteStringValue(identity);
                }

                json.WriteEndArray();
            }

            if (options.ExternalAccountRequired)
            {
                json.WriteBoolean("externalAccountRequired"u8, true);
            }

            json.WriteStartObject("profiles"u8); // draft-ietf-acme-profiles
            foreach (var (name, description) in services.Authority.Orders.Profiles.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                json.WriteString(name, description);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    public Task NonceAsync(HttpContext context)
    {
        AcmeAnswer.SetHeaders(services, context);
        context.Response.StatusCode = HttpMethods.IsHead(context.Request.Method) ? StatusCodes.Status200OK : StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}
