using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Acme;

/// <summary>The route table of ACME (RFC 8555 §7.1, RFC 9773 §4). TLS only.</summary>
public static class AcmeEndpoints
{
    internal const string Id = "id";
    internal const string Type = "type";
    internal const string Number = "number";

    public static RouteGroupBuilder MapAcme(this IEndpointRouteBuilder routes, AcmeServices services)
    {
        services.Options.Validate();
        var group = routes.MapGroup(AcmeUrls.Root);
        var directory = new AcmeDirectoryHandler(services);
        var accounts = new AcmeAccountHandler(services);
        var orders = new AcmeOrderHandler(services);
        var authorizations = new AcmeAuthorizationHandler(services);
        var certificates = new AcmeCertificateHandler(services);
        Open(group, services, "/directory", HttpMethods.Get, directory.DirectoryAsync);
        Open(group, services, "/new-nonce", HttpMethods.Get, directory.NonceAsync);
        Open(group, services, $"/renewal-info/{{{Id}}}", HttpMethods.Get, certificates.RenewalInfoAsync);
        Signed(group, services, "/new-account", AcmeKeyNaming.Key, accounts.CreateAsync);
        Signed(group, services, $"/account/{{{Id}}}", AcmeKeyNaming.AccountUrl, accounts.UpdateAsync);
        Signed(group, services, $"/account/{{{Id}}}/orders", AcmeKeyNaming.AccountUrl, orders.ListAsync);
        Signed(group, services, "/key-change", AcmeKeyNaming.AccountUrl, accounts.ChangeKeyAsync);
        Signed(group, services, "/new-order", AcmeKeyNaming.AccountUrl, orders.PlaceAsync);
        Signed(group, services, $"/order/{{{Id}}}", AcmeKeyNaming.AccountUrl, orders.ShowAsync);
        Signed(group, services, $"/order/{{{Id}}}/finalize", AcmeKeyNaming.AccountUrl, orders.FinalizeAsync);
        Signed(group, services, "/new-authz", AcmeKeyNaming.AccountUrl, authorizations.CreateAsync);
        Signed(group, services, $"/authz/{{{Id}}}", AcmeKeyNaming.AccountUrl, authorizations.ShowAsync);
        Signed(group, services, $"/challenge/{{{Id}}}/{{{Type}}}", AcmeKeyNaming.AccountUrl, authorizations.AnswerAsync);
        Signed(group, services, $"/certificate/{{{Id}}}", AcmeKeyNaming.AccountUrl, certificates.DownloadAsync);
        Signed(group, services, $"/certificate/{{{Id}}}/{{{Number}:int}}", AcmeKeyNaming.AccountUrl, certificates.DownloadAsync);
        Signed(group, services, "/revoke-cert", AcmeKeyNaming.Either, certificates.RevokeAsync);
        return group;
    }

    // RFC 8555 §6.1: HTTPS alone, except from the proxy that ended the TLS. Whoever is over his share is told so before anything is read.
    private static bool IsRefused(AcmeServices services, HttpContext context, string allowed, out Task answer)
    {
        if (!context.Request.IsHttps && !services.Clients.IsTrustedProxy(context))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            answer = Task.CompletedTask;
            return true;
        }

        var head = HttpMethods.IsHead(context.Request.Method) && HttpMethods.IsGet(allowed);
        if (!HttpMethods.Equals(context.Request.Method, allowed) && !head)
        {
            context.Response.Headers.Allow = HttpMethods.IsGet(allowed) ? "GET, HEAD" : allowed;
            var hint = HttpMethods.IsPost(allowed) ? "; resources are read by POST-as-GET (RFC 8555 §6.3)" : "";
            answer = AcmeAnswer.RefuseAsync(services, context, new AcmeProblem(AcmeErrorType.Malformed, $"This resource takes {allowed} only{hint}.") { Status = StatusCodes.Status405MethodNotAllowed });
            return true;
        }

        if (services.Rates.Take(null, services.Clients.AddressOf(context), null) is { } over)
        {
            answer = AcmeAnswer.RefuseAsync(services, context, new AcmeProblem(AcmeErrorType.RateLimited, over.Detail, over.RetryAfter));
            return true;
        }

        answer = Task.CompletedTask;
        return false;
    }

    private static void Open(RouteGroupBuilder group, AcmeServices services, string pattern, string method, Func<HttpContext, Task> handler) =>
        group.Map(pattern, context => IsRefused(services, context, method, out var answer) ? answer : GuardedAsync(services, context, () => handler(context)));

    private static void Signed(RouteGroupBuilder group, AcmeServices services, string pattern, AcmeKeyNaming naming, Func<AcmeExchange, Task> handler) =>
        group.Map(pattern, context => IsRefused(services, context, HttpMethods.Post, out var answer) ? answer : GuardedAsync(services, context, () => AcmeExchange.RunAsync(services, context, naming, handler)));

    // RFC 8555 §6.5, §6.7: what cannot work now is a problem with a nonce too, or a client cannot try again.
    private static async Task GuardedAsync(AcmeServices services, HttpContext context, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException && !context.RequestAborted.IsCancellationRequested)
        {
            Log.Unavailable(services.Logger, Http.CorrelationId.Of(context), context.Request.Path.Value ?? "", failure.Message);
            context.Response.Headers.Remove("Link"); // of the answer that was begun
            context.Response.Headers.Remove("Location");
            var problem = failure is KeyUnavailableException key
                ? AcmeProblem.Unavailable("The key store cannot work now; try again when Retry-After is over.", key.RetryAfter)
                : failure is StoreUnavailableException { IsForGood: true } ? AcmeProblem.Unavailable(Http.RequestGuards.Superseded, TimeSpan.FromMinutes(5))
                : AcmeProblem.Unavailable("The store cannot work now; try again when Retry-After is over.", TimeSpan.FromSeconds(5));
            await AcmeAnswer.RefuseAsync(services, context, problem with { IsRecorded = true });
        }
    }
}
