using System.Security.Cryptography;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.Requests;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>Orders (RFC 8555 §7.4).</summary>
internal sealed class AcmeOrderHandler(AcmeServices services)
{
    public async Task PlaceAsync(AcmeExchange exchange)
    {
        try
        {
            var payload = AcmePayload.Parse(exchange.Request.Payload);
            if (payload.Has("notBefore") || payload.Has("notAfter"))
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Malformed, "The profile decides how long a certificate is valid; leave out notBefore and notAfter, or choose another profile."));
                return;
            }

            var wanted = new NewAcmeOrder(payload.Identifiers("identifiers", services.Authority.Options.MaximumIdentifiers), payload.Text("profile"), payload.Text("replaces"));
            await AnswerAsync(exchange, await services.Authority.Orders.PlaceAsync(exchange.Account, wanted, exchange.Aborted), StatusCodes.Status201Created);
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    public async Task ShowAsync(AcmeExchange exchange) => await (await services.Authority.Orders.FindAsync(exchange.Caller, exchange.Id, exchange.Aborted) is { } order
        ? ShowAsync(exchange, order, StatusCodes.Status200OK)
        : exchange.RefuseAsync(AcmeProblem.NotFound("order")));

    public async Task FinalizeAsync(AcmeExchange exchange)
    {
        try
        {
            if (AcmePayload.Parse(exchange.Request.Payload).Octets("csr") is not { } der)
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Malformed, "The member \"csr\" is missing: the DER of a PKCS#10 request in base64url (RFC 8555 §7.4)."));
            }
            else if (!Pkcs10Request.TryParse(der, out var csr, out var error))
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.BadCsr, $"The request cannot be read: {error.Detail}."));
            }
            else if (await IsAccountKeyAsync(csr.PublicKey, exchange.Aborted) || (csr.AlternativePublicKey is { } alternative && await IsAccountKeyAsync(alternative, exchange.Aborted)))
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.BadCsr, "The request is for the key of an account, which has no other use (RFC 8555 §11.1); make another key for the certificate."));
            }
            else
            {
                await AnswerAsync(exchange, await services.Authority.Orders.FinalizeAsync(exchange.Caller, exchange.Id, csr, exchange.Aborted), StatusCodes.Status200OK);
            }
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>§7.1.2.1: an account's orders, page by page.</summary>
    public async Task ListAsync(AcmeExchange exchange)
    {
        if (exchange.Id != exchange.Account.Id)
        {
            await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Unauthorized, "These are not the orders of the account that signed the request."));
            return;
        }

        var before = exchange.Context.Request.Query["before"] is [{ Length: > 0 } value] ? value : null;
        var size = services.Options.OrdersPerPage;
        var orders = await services.Authority.Orders.ListAsync(exchange.Account, before, size + 1, exchange.Aborted);
        if (orders.Count > size)
        {
            exchange.Context.Response.Headers.Append("Link", $"<{exchange.Urls.Orders(exchange.Account.Id, orders[size - 1])}>;rel=\"next\"");
        }

        await exchange.WriteAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("orders"u8);
            foreach (var order in orders.Take(size))
            {
                json.WriteStringValue(exchange.Urls.Order(order));
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    // RFC 8555 §11.1: a key has one purpose. Whoever serves TLS with the certificate's key could act for the account, this one or another.
    private async ValueTask<bool> IsAccountKeyAsync(PublicKey key, CancellationToken cancellationToken) => key.TryGetHalves(out var mlDsa, out var traditional)
        ? await IsAccountKeyAsync(mlDsa, cancellationToken) || await IsAccountKeyAsync(traditional, cancellationToken)
        : Jwk.HasForm(key.Algorithm) && await services.Authority.Accounts.FindByKeyAsync(SHA256.HashData(Jwk.Of(key).ToCanonicalJson()), cancellationToken) is not null;

    private Task AnswerAsync(AcmeExchange exchange, AcmeOutcome<AcmeOrder> outcome, int status) => outcome switch
    {
        AcmeOutcome<AcmeOrder>.Done(var order) => ShowAsync(exchange, order, status),
        AcmeOutcome<AcmeOrder>.Refused(var problem) => exchange.RefuseAsync(problem),
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    private Task ShowAsync(AcmeExchange exchange, AcmeOrder order, int status)
    {
        exchange.Context.Response.Headers.Location = exchange.Urls.Order(order.Id);
        if (order.State == AcmeOrderState.Processing)
        {
            exchange.SetRetryAfter();
        }

        return exchange.WriteAsync(status, json => AcmeResources.Write(json, order, services.Authority.Orders.LabelOf(order), exchange.Urls));
    }
}
