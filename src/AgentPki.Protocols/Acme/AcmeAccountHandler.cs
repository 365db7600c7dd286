using System.Security.Cryptography;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Acme.Jws;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>Accounts (RFC 8555 §7.3).</summary>
internal sealed class AcmeAccountHandler(AcmeServices services)
{
    public async Task CreateAsync(AcmeExchange exchange)
    {
        try
        {
            var payload = AcmePayload.Parse(exchange.Request.Payload);
            var jwk = exchange.Request.Jwk ?? throw new InvalidOperationException("newAccount takes requests with a jwk alone.");
            var canonical = jwk.ToCanonicalJson();
            var thumbprint = SHA256.HashData(canonical);
            if (payload.Flag("onlyReturnExisting")) // §7.3.1
            {
                await (await services.Authority.Accounts.FindByKeyAsync(thumbprint, exchange.Aborted) is { } existing
                    ? ShowAsync(exchange, existing, created: false)
                    : exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.AccountDoesNotExist, "The key has no account here; make one without \"onlyReturnExisting\".")));
                return;
            }

            if (await services.Authority.Accounts.FindByKeyAsync(thumbprint, exchange.Aborted) is null
                && services.NewAccountRates.Take(null, services.Clients.AddressOf(exchange.Context), null) is { } over)
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.RateLimited, "Too many new accounts from this address; wait as long as Retry-After says.", over.RetryAfter));
                return;
            }

            var (externalKey, wrong) = await ReadBindingAsync(exchange, payload);
            if (wrong is not null)
            {
                await exchange.RefuseAsync(wrong);
                return;
            }

            var wanted = new NewAcmeAccount(thumbprint, canonical, jwk.Key.Fingerprint(), payload.Texts("contact") ?? [], payload.Flag("termsOfServiceAgreed"), externalKey);
            await (await services.Authority.Accounts.CreateAsync(wanted, exchange.CorrelationId, exchange.Aborted) switch
            {
                AcmeOutcome<(AcmeAccount, bool)>.Done((var account, var created)) => ShowAsync(exchange, account, created),
                AcmeOutcome<(AcmeAccount, bool)>.Refused(var problem) => exchange.RefuseAsync(problem),
                var other => throw new InvalidOperationException(other.GetType().Name),
            });
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>Shows, changes the contacts of (§7.3.2), or deactivates (§7.3.6) the account.</summary>
    public async Task UpdateAsync(AcmeExchange exchange)
    {
        try
        {
            if (exchange.Id != exchange.Account.Id)
            {
                await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Unauthorized, "This is not the account that signed the request."));
                return;
            }

            if (exchange.Request.IsPostAsGet)
            {
                await ShowAsync(exchange, exchange.Account, created: false);
                return;
            }

            var payload = AcmePayload.Parse(exchange.Request.Payload);
            AcmeOutcome<AcmeAccount> outcome = payload.Text("status") switch
            {
                "deactivated" => await services.Authority.Accounts.DeactivateAsync(exchange.Account, exchange.CorrelationId, exchange.Aborted),
                null or "valid" when payload.Texts("contact") is { } contacts => await services.Authority.Accounts.SetContactsAsync(exchange.Account, contacts, exchange.CorrelationId, exchange.Aborted),
                null or "valid" => exchange.Account,
                _ => new AcmeProblem(AcmeErrorType.Malformed, "The only status that an account can be given is \"deactivated\" (RFC 8555 §7.3.6)."),
            };
            await AnswerAsync(exchange, outcome);
        }
        catch (AcmePayloadException error)
        {
            await exchange.RefuseAsync(error.Problem);
        }
    }

    /// <summary>§7.3.5.</summary>
    public async Task ChangeKeyAsync(AcmeExchange exchange)
    {
        if (!AcmeKeyChange.TryRead(exchange.Request, services.Providers, out var change, out var error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        var canonical = change.NewKey.ToCanonicalJson();
        var thumbprint = SHA256.HashData(canonical);
        if (await services.Authority.Accounts.FindByKeyAsync(thumbprint, exchange.Aborted) is { } other)
        {
            exchange.Context.Response.Headers.Location = exchange.Urls.Account(other.Id);
            await exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Malformed, "The new key has an account already.") { Status = StatusCodes.Status409Conflict });
            return;
        }

        await AnswerAsync(exchange, await services.Authority.Accounts.RekeyAsync(exchange.Account, thumbprint, canonical, change.NewKey.Key.Fingerprint(), exchange.CorrelationId, exchange.Aborted));
    }

    private static Task AnswerAsync(AcmeExchange exchange, AcmeOutcome<AcmeAccount> outcome) => outcome switch
    {
        AcmeOutcome<AcmeAccount>.Done(var account) => ShowAsync(exchange, account, created: false),
        AcmeOutcome<AcmeAccount>.Refused(var problem) => exchange.RefuseAsync(problem),
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    private static Task ShowAsync(AcmeExchange exchange, AcmeAccount account, bool created)
    {
        if (account.State == AcmeAccountState.Revoked || (account.State == AcmeAccountState.Deactivated && exchange.AccountOrNull is null))
        {
            return exchange.RefuseAsync(new AcmeProblem(AcmeErrorType.Unauthorized, $"The key's account is {AcmeResources.WireName(account.State)}; use another key.") { Status = StatusCodes.Status401Unauthorized });
        }

        exchange.Context.Response.Headers.Location = exchange.Urls.Account(account.Id);
        return exchange.WriteAsync(created ? StatusCodes.Status201Created : StatusCodes.Status200OK, json => AcmeResources.Write(json, account, exchange.Urls));
    }

    // §7.3.4: the key id whose MAC was right; both null: no binding was sent.
    private async ValueTask<(string? KeyId, AcmeRequestError? Error)> ReadBindingAsync(AcmeExchange exchange, AcmePayload payload)
    {
        if (payload.Object("externalAccountBinding") is not { } jws)
        {
            return (null, null);
        }

        if (!AcmeExternalBinding.TryRead(jws, exchange.Request, out var binding, out var error))
        {
            return (null, error);
        }

        var secret = await services.Authority.ExternalKeys.SecretAsync(binding.KeyId, exchange.Aborted);
        try
        {
            return secret is not null && binding.Verify(secret) ? (binding.KeyId, null) : (null, AcmeExternalBinding.Refusal);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
