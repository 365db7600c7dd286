using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Authority.OAuth;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;

namespace AgentPki.Protocols.OAuth;

/// <summary>
/// OpenIddict's pipeline, with the handlers that are listed here and no others: it checks parameters, leads a request from step to step and shapes what is answered. Who a client is, what a token says,
/// its signature and its status are the authority's (<c>Authority/OAuth</c>): no store, no key and no token format of OpenIddict's is used (docs/adr/0023).
/// </summary>
internal sealed class OAuthPipeline : IAsyncDisposable
{
    /// <summary>Ours run after OpenIddict's checks of parameters (orders below zero) and before its <c>Apply…Response</c> (500,000).</summary>
    private const int Ours = 0;

    private static readonly string ExchangeKey = typeof(OAuthExchange).FullName ?? nameof(OAuthExchange);

    private static readonly HashSet<OpenIddictServerHandlerDescriptor> Kept =
    [
        Exchange.ExtractTokenRequest.Descriptor,
        Exchange.ValidateTokenRequest.Descriptor,
        Exchange.ValidateGrantType.Descriptor,
        Exchange.ValidateTokenExchangeParameters.Descriptor,
        Exchange.ValidateResourceParameter.Descriptor,
        Exchange.HandleTokenRequest.Descriptor,
        Exchange.ApplyTokenResponse<ProcessSignInContext>.Descriptor,
        Exchange.ApplyTokenResponse<ProcessErrorContext>.Descriptor,
        Introspection.ExtractIntrospectionRequest.Descriptor,
        Introspection.ValidateIntrospectionRequest.Descriptor,
        Introspection.ValidateTokenParameter.Descriptor,
        Introspection.HandleIntrospectionRequest.Descriptor,
        Introspection.NormalizeErrorResponse.Descriptor,
        Introspection.ApplyIntrospectionResponse<ProcessRequestContext>.Descriptor,
        Introspection.ApplyIntrospectionResponse<ProcessErrorContext>.Descriptor,
        AttachErrorParameters.Descriptor,
    ];

    private readonly ServiceProvider _provider;

    public OAuthPipeline()
    {
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance); // its lines would carry requests; ours say what became of them
        services.AddOpenIddict().AddServer(Configure);
        _provider = services.BuildServiceProvider();
    }

    /// <summary>Leads a request from its parameters to its answer.</summary>
    public async Task RunAsync(OAuthExchange exchange, OpenIddictRequest request)
    {
        await using var scope = _provider.CreateAsyncScope();
        var dispatcher = scope.ServiceProvider.GetRequiredService<IOpenIddictServerDispatcher>();
        var transaction = await scope.ServiceProvider.GetRequiredService<IOpenIddictServerFactory>().CreateTransactionAsync();
        (transaction.EndpointType, transaction.Request, transaction.CancellationToken) = (exchange.Endpoint, request, exchange.Aborted);
        transaction.Properties[ExchangeKey] = exchange;

        var processed = new ProcessRequestContext(transaction) { CancellationToken = exchange.Aborted };
        await dispatcher.DispatchAsync(processed);
        if (processed.IsRejected)
        {
            await dispatcher.DispatchAsync(new ProcessErrorContext(transaction)
            {
                CancellationToken = exchange.Aborted,
                Error = processed.Error,
                ErrorDescription = processed.ErrorDescription,
                Response = new OpenIddictResponse(),
            });
        }
        else if (!processed.IsRequestHandled)
        {
            throw new InvalidOperationException("The OAuth pipeline ended without an answer.");
        }
    }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    private static void Configure(OpenIddictServerBuilder server) => server
        .EnableDegradedMode()
        .SetTokenEndpointUris(OAuthOptions.TokenPath)
        .SetIntrospectionEndpointUris(OAuthOptions.IntrospectionPath)
        .AllowClientCredentialsFlow()
        .AllowTokenExchangeFlow()
        .Configure(options =>
        {
            // It wants keys before it starts; these sign and encrypt nothing.
            options.SigningCredentials.Add(new SigningCredentials(new NoKey(), SecurityAlgorithms.EcdsaSha256));
            options.EncryptionCredentials.Add(new EncryptingCredentials(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
            options.SubjectTokenTypes.Clear();
            options.SubjectTokenTypes.Add(OpenIddictConstants.TokenTypeIdentifiers.AccessToken);
            options.Handlers.RemoveAll(h => h.Type == OpenIddictServerHandlerType.BuiltIn && !Kept.Contains(h));
        })
        .AddEventHandler<ValidateTokenRequestContext>(b => b.UseInlineHandler(c => AuthenticateAsync(c, c.Request)).SetOrder(Ours))
        .AddEventHandler<HandleTokenRequestContext>(b => b.UseInlineHandler(GrantAsync).SetOrder(Ours))
        .AddEventHandler<ProcessSignInContext>(b => b.UseInlineHandler(AttachToken).SetOrder(Ours))
        .AddEventHandler<ApplyTokenResponseContext>(b => b.UseInlineHandler(c => ApplyAsync(c, c.Response)).SetOrder(Ours))
        .AddEventHandler<ValidateIntrospectionRequestContext>(b => b.UseInlineHandler(c => AuthenticateAsync(c, c.Request)).SetOrder(Ours))
        .AddEventHandler<HandleIntrospectionRequestContext>(b => b.UseInlineHandler(InspectAsync).SetOrder(Ours))
        .AddEventHandler<ApplyIntrospectionResponseContext>(b => b.UseInlineHandler(c => ApplyAsync(c, c.Response)).SetOrder(Ours));

    private static async ValueTask AuthenticateAsync(BaseValidatingContext context, OpenIddictRequest request)
    {
        var exchange = ExchangeOf(context);
        switch (await exchange.Authority.AuthenticateAsync(exchange.ProofOf(request), exchange.CorrelationId, exchange.Aborted))
        {
            case OAuthOutcome<OAuthClient>.Done(var client):
                exchange.Client = client;
                break;
            case OAuthOutcome<OAuthClient>.Refused(var problem):
                Reject(context, exchange, problem);
                break;
        }
    }

    private static async ValueTask GrantAsync(HandleTokenRequestContext context)
    {
        var exchange = ExchangeOf(context);
        var client = exchange.Client ?? throw new InvalidOperationException("A token request came this far without a client.");
        var request = context.Request;
        var resources = request.GetResources().Concat(request.GetAudiences()).ToList();
        var wanted = new TokenRequest(client, request.GetScopes(), resources, request.IsTokenExchangeGrantType() ? request.SubjectToken : null, exchange.CorrelationId);
        switch (await exchange.Authority.GrantAsync(wanted, exchange.Aborted))
        {
            case OAuthOutcome<GrantedToken>.Done(var granted):
                exchange.Granted = granted;
                context.Principal = new ClaimsPrincipal(new ClaimsIdentity("agent")); // what leads to the sign-in step; nothing is read from it
                break;
            case OAuthOutcome<GrantedToken>.Refused(var problem):
                Reject(context, exchange, problem);
                break;
        }
    }

    /// <summary>RFC 6749 §5.1, RFC 8693 §2.2.1.</summary>
    private static ValueTask AttachToken(ProcessSignInContext context)
    {
        var granted = ExchangeOf(context).Granted ?? throw new InvalidOperationException("A sign-in without a token.");
        var response = context.Response;
        response.AccessToken = granted.Text;
        response.TokenType = OpenIddictConstants.TokenTypes.Bearer; // RFC 8705 §3: bound tokens too
        response.ExpiresIn = (long)(granted.Content.Expires - granted.Content.IssuedAt).TotalSeconds;
        if (!granted.Content.Scopes.Scopes.IsEmpty)
        {
            response.Scope = granted.Content.Scopes.ToString();
        }

        if (context.Request.IsTokenExchangeGrantType())
        {
            response.IssuedTokenType = OpenIddictConstants.TokenTypeIdentifiers.AccessToken;
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>RFC 7662 §2.2: what a token says, or that it is not active and nothing more.</summary>
    private static async ValueTask InspectAsync(HandleIntrospectionRequestContext context)
    {
        var exchange = ExchangeOf(context);
        if (await exchange.Authority.InspectAsync(context.Request.Token ?? "", exchange.CorrelationId, exchange.Aborted) is not { } token)
        {
            context.Reject(OpenIddictConstants.Errors.InvalidToken); // which the pipeline answers as active: false
            return;
        }

        context.TokenType = OpenIddictConstants.TokenTypes.Bearer;
        using var claims = JsonDocument.Parse(token.Encode());
        foreach (var claim in claims.RootElement.EnumerateObject())
        {
            context.Claims[claim.Name] = new OpenIddictParameter(claim.Value.Clone());
        }
    }

    private static async ValueTask ApplyAsync(BaseRequestContext context, OpenIddictResponse response)
    {
        await ExchangeOf(context).ApplyAsync(response);
        context.HandleRequest();
    }

    private static void Reject(BaseValidatingContext context, OAuthExchange exchange, OAuthProblem problem)
    {
        exchange.Problem = problem;
        context.Reject(problem.Error, problem.Detail);
    }

    private static OAuthExchange ExchangeOf(BaseContext context) => context.Transaction.Properties[ExchangeKey] as OAuthExchange
        ?? throw new InvalidOperationException("The request is not one of this pipeline's.");

    /// <summary>Stands where OpenIddict wants a signing key.</summary>
    private sealed class NoKey : AsymmetricSecurityKey
    {
        public NoKey() => KeyId = "none";

        [Obsolete("Declared so by the base class.")]
        public override bool HasPrivateKey => false;

        public override PrivateKeyStatus PrivateKeyStatus => PrivateKeyStatus.DoesNotExist;

        public override int KeySize => 256;
    }
}
