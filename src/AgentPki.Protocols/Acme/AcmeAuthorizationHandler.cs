using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>Authorizations and their challenges (RFC 8555 §7.4.1, §7.5).</summary>
internal sealed class AcmeAuthorizationHandler(AcmeServices services)
{
    /// <summary>§7.4.1.</summary>
    public async Task CreateAsync(AcmeExchange exchange)
    {
        try
        {
            var identifier = AcmePayload.Parse(exchange.Request.Payload).Identifier("identifier");
            await AnswerAsync(exchange, await services.Authority.Orders.PreauthorizeAsync(exchange.Account, identifier, exchange.Aborted), StatusCodes.Status201Created);
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>Shows an authorization, or gives it up (§7.5.2).</summary>
    public async Task ShowAsync(AcmeExchange exchange)
    {
        try
        {
            if (await services.Authority.Authorizations.FindAsync(exchange.Account, exchange.Id, exchange.Aborted) is not { } authorization)
            {
                await exchange.RefuseAsync(AcmeProblem.NotFound("authorization"));
            }
            else if (exchange.Request.IsPostAsGet)
            {
                await ShowAsync(exchange, authorization, StatusCodes.Status200OK);
            }
            else if (AcmePayload.Parse(exchange.Request.Payload).Text("status") == "deactivated")
            {
                await AnswerAsync(exchange, await services.Authority.Authorizations.DeactivateAsync(exchange.Account, authorization, exchange.CorrelationId, exchange.Aborted), StatusCodes.Status200OK);
            }
            else
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Malformed, "An authorization is read with an empty payload, or given \"status\": \"deactivated\" (RFC 8555 §7.5.2)."));
            }
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>§7.5.1: a challenge answered (an object), or shown (an empty payload).</summary>
    public async Task AnswerAsync(AcmeExchange exchange)
    {
        try
        {
            var type = exchange.Context.Request.RouteValues[AcmeEndpoints.Type] as string ?? "";
            AcmeOutcome<AcmeAuthorization> outcome;
            if (exchange.Request.IsPostAsGet)
            {
                outcome = await services.Authority.Authorizations.FindAsync(exchange.Account, exchange.Id, exchange.Aborted) is { } found ? found : AcmeProblem.NotFound("challenge");
            }
            else
            {
                AcmePayload.Parse(exchange.Request.Payload);
                outcome = await services.Authority.Authorizations.AnswerAsync(exchange.Caller, exchange.Id, type, exchange.Request.Payload, exchange.Aborted);
            }

            await (outcome switch
            {
                AcmeOutcome<AcmeAuthorization>.Done(var authorization) => ShowChallengeAsync(exchange, authorization, type),
                AcmeOutcome<AcmeAuthorization>.Refused(var problem) => exchange.RefuseAsync(problem),
                _ => throw new InvalidOperationException(outcome.GetType().Name),
            });
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    private Task AnswerAsync(AcmeExchange exchange, AcmeOutcome<AcmeAuthorization> outcome, int status) => outcome switch
    {
        AcmeOutcome<AcmeAuthorization>.Done(var authorization) => ShowAsync(exchange, authorization, status),
        AcmeOutcome<AcmeAuthorization>.Refused(var problem) => exchange.RefuseAsync(problem),
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    private Task ShowAsync(AcmeExchange exchange, AcmeAuthorization authorization, int status)
    {
        var challenges = services.Authority.Authorizations.ChallengesOf(authorization);
        exchange.Context.Response.Headers.Location = exchange.Urls.Authorization(authorization.Id);
        if (challenges is [{ State: AcmeChallengeState.Processing }])
        {
            exchange.SetRetryAfter(); // §7.5.1
        }

        return exchange.WriteAsync(status, json => AcmeResources.Write(json, authorization, services.Authority.Authorizations.IsExpired(authorization), challenges, exchange.Urls));
    }

    private Task ShowChallengeAsync(AcmeExchange exchange, AcmeAuthorization authorization, string type)
    {
        if (services.Authority.Authorizations.ChallengesOf(authorization).FirstOrDefault(c => c.Type == type) is not { } challenge)
        {
            return exchange.RefuseAsync(AcmeProblem.NotFound("challenge"));
        }

        exchange.Context.Response.Headers.Append("Link", $"<{exchange.Urls.Authorization(authorization.Id)}>;rel=\"up\""); // §7.5.1
        if (challenge.State == AcmeChallengeState.Processing)
        {
            exchange.SetRetryAfter();
        }

        return exchange.WriteAsync(StatusCodes.Status200OK, json => AcmeResources.Write(json, authorization.Id, challenge, exchange.Urls));
    }
}
