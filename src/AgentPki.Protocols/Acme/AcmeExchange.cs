using System.Buffers;
using System.Runtime.CompilerServices;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Protocols.Http;
using AgentPki.Cryptography.Jose;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>One signed ACME request: verified, with its account, and how it is answered.</summary>
internal sealed class AcmeExchange
{
    // An account object lives as long as the authority remembers it, and its parsed key as long as the object.
    private static readonly ConditionalWeakTable<AcmeAccount, AcmeAccountKey> Keys = [];
    private readonly AcmeAccount? _account;

    private AcmeExchange(AcmeServices services, HttpContext context, AcmeRequest request, AcmeAccount? account) =>
        (Services, Context, Request, _account, Urls) = (services, context, request, account, new AcmeUrls(services, context));

    public AcmeServices Services { get; }

    public HttpContext Context { get; }

    public AcmeRequest Request { get; }

    public AcmeUrls Urls { get; }

    public AcmeAuthority Authority => Services.Authority;

    /// <summary>The account that signed; only of endpoints that want one.</summary>
    public AcmeAccount Account => _account ?? throw new InvalidOperationException("This endpoint takes requests without an account.");

    /// <summary>The same, or null when the request carried its key itself.</summary>
    public AcmeAccount? AccountOrNull => _account;

    /// <summary>Whose request it is, to the authority.</summary>
    public AcmeCaller Caller => new(Account, Urls.Account(Account.Id), CorrelationId);

    public string CorrelationId => Http.CorrelationId.Of(Context);

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>The resource's name in the path.</summary>
    public string Id => Context.Request.RouteValues[AcmeEndpoints.Id] as string ?? "";

    /// <summary>Reads and verifies a request, and hands it over.</summary>
    public static async Task RunAsync(AcmeServices services, HttpContext context, AcmeKeyNaming naming, Func<AcmeExchange, Task> handler)
    {
        var body = await RequestBody.ReadAsync(context, services.Options.MaximumBody, services.Options.BodyDeadline, services.Time, context.RequestAborted);
        if (body.Problem is { } unreadable)
        {
            await AcmeAnswer.RefuseAsync(services, context, new AcmeProblem(AcmeErrorType.Malformed, unreadable.Detail)
            {
                Status = unreadable.Kind == PkiProblemKind.TooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status415UnsupportedMediaType,
            });
            return;
        }

        ReadOnlyMemory<byte> octets = body.Octets.ToArray();
        body.Release();
        var urls = new AcmeUrls(services, context);
        AcmeAccount? account = null;
        var result = await services.Requests.ReadAsync(context.Request.ContentType, octets, urls.Of(context), naming, LookUpAsync, context.RequestAborted);
        if (result is not AcmeRequestResult.Verified(var request))
        {
            var error = ((AcmeRequestResult.Refused)result).Error;
            await AcmeAnswer.RefuseAsync(services, context, new AcmeProblem(error.Type, error.Detail) { Status = error.Status, Algorithms = error.Algorithms });
            return;
        }

        if (account is not null && Refusal(services, account) is { } refusal)
        {
            await AcmeAnswer.RefuseAsync(services, context, refusal, AcmeAccounts.ActorOf(account));
            return;
        }

        await handler(new AcmeExchange(services, context, request, account));

        async ValueTask<AcmeAccountKey?> LookUpAsync(string kid, CancellationToken cancellationToken)
        {
            if (urls.AccountOf(kid) is not { } id || await services.Authority.Accounts.FindAsync(id, cancellationToken) is not { } found)
            {
                return null;
            }

            account = found;
            return Keys.GetValue(found, static a => new AcmeAccountKey(a.Id, KeyOf(a)));
        }
    }

    /// <summary>Answers a resource.</summary>
    public Task WriteAsync(int status, Action<System.Text.Json.Utf8JsonWriter> write)
    {
        AcmeAnswer.SetHeaders(Services, Context);
        return AcmeAnswer.WriteAsync(Context, status, write);
    }

    /// <summary>Records and answers a refusal.</summary>
    public Task RefuseAsync(AcmeProblem problem) => AcmeAnswer.RefuseAsync(Services, Context, problem, _account is { } account ? AcmeAccounts.ActorOf(account) : null);

    public Task RefuseAsync(AcmeRequestError error) => RefuseAsync(new AcmeProblem(error.Type, error.Detail) { Status = error.Status, Algorithms = error.Algorithms });

    /// <summary>When to ask again, for what is not done yet.</summary>
    public void SetRetryAfter() => ProblemText.SetRetryAfter(Context.Response, Authority.Options.RetryAfter);

    private static AcmeProblem? Refusal(AcmeServices services, AcmeAccount account)
    {
        // RFC 8555 §7.3.6: 401 for everything that an ended account signs.
        if (account.State != AcmeAccountState.Valid)
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, $"The account is {AcmeResources.WireName(account.State)}; make a new one.") { Status = StatusCodes.Status401Unauthorized };
        }

        // By owner, who without an external account key is the account itself: who makes many accounts with one key has one share.
        return services.Rates.Take(account.Owner, "", null) is { } over ? new AcmeProblem(AcmeErrorType.RateLimited, "Too many requests by this account's owner; wait as long as Retry-After says.", over.RetryAfter) : null;
    }

    private static PublicKey KeyOf(AcmeAccount account) =>
        Jwk.TryParse(account.Jwk, out var jwk, out var error) ? jwk.Key : throw new InvalidDataException($"The stored key of ACME account {account.Id} is none: {error.Text}");
}
