using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>Certificates: downloaded (RFC 8555 §7.4.2), revoked (§7.6), and when to renew them (RFC 9773).</summary>
internal sealed class AcmeCertificateHandler(AcmeServices services)
{
    private const string MediaType = "application/pem-certificate-chain"; // RFC 8555 §9.1

    public async Task DownloadAsync(AcmeExchange exchange)
    {
        var number = exchange.Context.Request.RouteValues.TryGetValue(AcmeEndpoints.Number, out var text) ? int.Parse((string?)text ?? "0", CultureInfo.InvariantCulture) : 0;
        if (await services.Authority.FindCertificateAsync(exchange.Account, exchange.Id, exchange.Aborted) is not { } found || number < 0 || number >= found.Chains.Count)
        {
            await exchange.RefuseAsync(AcmeProblem.NotFound("certificate"));
            return;
        }

        AcmeAnswer.SetHeaders(services, exchange.Context);
        for (var i = 0; i < found.Chains.Count; i++)
        {
            if (i != number)
            {
                exchange.Context.Response.Headers.Append("Link", $"<{(i == 0 ? exchange.Urls.Certificate(exchange.Id) : exchange.Urls.Alternate(exchange.Id, i))}>;rel=\"alternate\"");
            }
        }

        var pem = string.Concat(found.Chains[number].Prepend(found.Certificate).Select(c => PemEncoding.WriteString("CERTIFICATE", c.Der.Span) + "\n"));
        await AcmeAnswer.WriteAsync(exchange.Context, StatusCodes.Status200OK, Encoding.ASCII.GetBytes(pem), MediaType);
    }

    public async Task RevokeAsync(AcmeExchange exchange)
    {
        try
        {
            var payload = AcmePayload.Parse(exchange.Request.Payload);
            if (payload.Octets("certificate") is not { } der || !Certificate.TryParse(der, out var certificate, out _))
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Malformed, "The member \"certificate\" is missing or no certificate: its DER in base64url (RFC 8555 §7.6)."));
                return;
            }

            var problem = await services.Authority.Revocations.RevokeAsync(
                certificate, exchange.AccountOrNull, exchange.Request.Key, payload.Number("reason"), exchange.CorrelationId, exchange.Aborted);
            if (problem is not null)
            {
                await exchange.RefuseAsync(problem);
                return;
            }

            AcmeAnswer.SetHeaders(services, exchange.Context);
            exchange.Context.Response.StatusCode = StatusCodes.Status200OK;
            exchange.Context.Response.ContentLength = 0;
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>RFC 9773 §4: asked by anybody, without a signature.</summary>
    public async Task RenewalInfoAsync(HttpContext context)
    {
        if (await services.Authority.Renewals.FindAsync(context.Request.RouteValues[AcmeEndpoints.Id] as string ?? "", context.RequestAborted) is not { } info)
        {
            await AcmeAnswer.RefuseAsync(services, context, AcmeProblem.NotFound("certificate of this CA; the identifier is its key identifier and serial number, each in base64url, with a dot between them (RFC 9773 §4.1)"));
            return;
        }

        AcmeAnswer.SetHeaders(services, context, nonce: false);
        ProblemText.SetRetryAfter(context.Response, info.RetryAfter);
        await AcmeAnswer.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("suggestedWindow"u8);
            json.WriteString("start"u8, AcmeResources.Time(info.Start));
            json.WriteString("end"u8, AcmeResources.Time(info.End));
            json.WriteEndObject();
            if (info.ExplanationUrl is { } url)
            {
                json.WriteString("explanationURL"u8, url); // §4.2
            }

            json.WriteEndObject();
        });
    }
}
