using AgentPki.Authority.OAuth;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server;

namespace AgentPki.Protocols.OAuth;

/// <summary>One request on its way through <see cref="OAuthPipeline"/>: who sent it, what was found out, and how it is answered.</summary>
internal sealed class OAuthExchange(OAuthServices services, HttpContext context, OpenIddictServerEndpointType endpoint)
{
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    public OpenIddictServerEndpointType Endpoint { get; } = endpoint;

    public OAuthAuthority Authority => services.Authority;

    public CancellationToken Aborted => context.RequestAborted;

    public string CorrelationId => Http.CorrelationId.Of(context);

    /// <summary>Who authenticated; null: nobody yet.</summary>
    public OAuthClient? Client { get; set; }

    /// <summary>The token that is given.</summary>
    public GrantedToken? Granted { get; set; }

    /// <summary>What the service refused with, which the pipeline knows as error and description only.</summary>
    public OAuthProblem? Problem { get; set; }

    /// <summary>Certificate and assertion of the client, as they came.</summary>
    public ClientProof ProofOf(OpenIddictRequest request) => new(Present(request.ClientId), services.Clients.Find(context).Certificate, Present(request.ClientAssertionType), Present(request.ClientAssertion));

    public async Task HandleAsync()
    {
        try
        {
            var client = services.Clients.Find(context);
            if (services.Rates.Take(client.IssuedHere ? client.Fingerprint : null, services.Clients.AddressOf(context), null) is { } limited)
            {
                await RefuseAsync(new OAuthProblem(OAuthErrorType.TemporarilyUnavailable, limited.Detail, limited.RetryAfter));
            }
            else if (client.Problem is { } unreadable)
            {
                await RefuseAsync(new OAuthProblem(OAuthErrorType.InvalidClient, unreadable.Detail));
            }
            else
            {
                var (request, problem) = await OAuthForm.ReadAsync(context, services.Time);
                await (request is null ? RefuseAsync(problem ?? OAuthForm.Unreadable) : services.Pipeline.RunAsync(this, request));
            }
        }
        catch (KeyUnavailableException away)
        {
            Log.Unavailable(services.Logger, CorrelationId, context.Request.Path, away.Message);
            await AnswerAsync(new OAuthProblem(OAuthErrorType.TemporarilyUnavailable, "the key store cannot work now; try again later", away.RetryAfter));
        }
        catch (StoreUnavailableException away)
        {
            Log.Unavailable(services.Logger, CorrelationId, context.Request.Path, away.Message);
            await AnswerAsync(new OAuthProblem(OAuthErrorType.TemporarilyUnavailable, away.IsForGood ? RequestGuards.Superseded : "the store cannot work now; try again later", StoreRetry));
        }
    }

    /// <summary>Answers what the pipeline came to; an error that it found itself is recorded here.</summary>
    public async ValueTask ApplyAsync(OpenIddictResponse response)
    {
        if (response.Error is not { } error)
        {
            await OAuthAnswer.WriteAsync(context, StatusCodes.Status200OK, response.WriteTo);
            return;
        }

        if (Problem is { } known)
        {
            await AnswerAsync(known);
            return;
        }

        var problem = new OAuthProblem(OAuthErrorType.InvalidRequest, ProblemText.Sentence(response.ErrorDescription ?? error));
        await Authority.RefuseAsync(problem, CorrelationId, Aborted);
        await OAuthAnswer.WriteErrorAsync(context, StatusCodes.Status400BadRequest, error, problem.Detail, null);
    }

    private async Task RefuseAsync(OAuthProblem problem)
    {
        await Authority.RefuseAsync(problem, CorrelationId, Aborted);
        await AnswerAsync(problem);
    }

    private Task AnswerAsync(OAuthProblem problem) => OAuthAnswer.WriteErrorAsync(context, problem.StatusCode, problem.Error, ProblemText.Sentence(problem.Detail), problem.RetryAfter);

    private static string? Present(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
