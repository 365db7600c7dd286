using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Http;

/// <summary>What surrounds every request: the headers that every answer carries, and the one place that catches what nothing else caught.</summary>
public static class RequestGuards
{
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    /// <summary>Headers of every answer. No answer is a page: nothing may be framed, sniffed or run.</summary>
    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use(static (HttpContext context, RequestDelegate next) =>
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = "max-age=31536000"; // RFC 6797 §6.1, one year
            headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        }

        return next(context);
    });

    /// <summary>
    /// Answers what nothing else answered: 503 with Retry-After when the token or the store cannot work now, the server's own status for a request
    /// that cannot be read, 500 for everything else. The text never says more than the correlation id; the log says all.
    /// </summary>
    public static IApplicationBuilder UseOpaqueFailures(this IApplicationBuilder app, ILogger logger) => app.Use(async (HttpContext context, RequestDelegate next) =>
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody reads an answer.
        }
        catch (Exception failure) when (context.RequestAborted.IsCancellationRequested && failure is IOException)
        {
            // Likewise.
        }
#pragma warning disable CA1031 // The one place that catches all (design: answered opaquely, logged with the id that the client sees).
        catch (Exception failure)
#pragma warning restore CA1031
        {
            await AnswerAsync(context, failure, logger);
        }
    });

    private static Task AnswerAsync(HttpContext context, Exception failure, ILogger logger)
    {
        var id = CorrelationId.Of(context);
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        switch (failure)
        {
            case KeyUnavailableException key:
                Log.Unavailable(logger, id, method, path, key.Message);
                return ProblemText.WriteTextAsync(context, StatusCodes.Status503ServiceUnavailable, $"The key store cannot work now; try again later.\n(correlation id {id})\n", key.RetryAfter);
            case StoreUnavailableException store:
                Log.Unavailable(logger, id, method, path, store.Message);
                return ProblemText.WriteTextAsync(context, StatusCodes.Status503ServiceUnavailable, $"{(store.IsForGood ? Superseded : "The store cannot work now; try again later.")}\n(correlation id {id})\n", StoreRetry);
            case BadHttpRequestException bad:
                Log.BadRequest(logger, id, method, path, bad.Message);
                return ProblemText.WriteTextAsync(context, bad.StatusCode, $"{Sentence(bad.StatusCode)}\n(correlation id {id})\n", null);
            default:
                Log.RequestFailed(logger, failure, id, method, path);
                return ProblemText.WriteTextAsync(context, StatusCodes.Status500InternalServerError, $"Internal error; the operator finds it in the log by the correlation id.\n(correlation id {id})\n", null);
        }
    }

    /// <summary>What clients are told of an appliance whose log goes on elsewhere.</summary>
    public const string Superseded = "This appliance issues nothing any more: it was restored on another machine, which answers in its place.";

    private static string Sentence(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => "The body is larger than allowed here.",
        StatusCodes.Status408RequestTimeout => "The body came too slowly.",
        _ => "The request could not be read.",
    };
}
