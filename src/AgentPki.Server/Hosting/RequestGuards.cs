using System.Globalization;

namespace AgentPki.Server.Hosting;

/// <summary>What surrounds every request: security headers, rate limits, and the one place where unexpected failures are caught.</summary>
public static class RequestGuards
{
    /// <summary>
    /// Catches what nothing else caught: logged with the correlation id that the client gets to see, answered without details.
    /// </summary>
    public static void UseOpaqueErrors(this IApplicationBuilder app, ILogger logger) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException error)
        {
            await AnswerAsync(context, error.StatusCode, error.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? "The body is larger than allowed here."
                : "The request could not be read.");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody reads an answer.
        }
#pragma warning disable CA1031 // The one place of the service that catches all (design: caught once in Server, answered opaquely).
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.RequestFailed(logger, error, context.TraceIdentifier, context.Request.Method, context.Request.Path.Value ?? "");
            await AnswerAsync(context, StatusCodes.Status500InternalServerError, $"Internal error. The operator finds it in the log as {context.TraceIdentifier}.");
        }
    });

    /// <summary>Headers that every answer carries. No answer is a page, so nothing may be framed or sniffed.</summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }

        return next(context);
    });

    /// <summary>Answers 429 to a client address that asks faster than its share. Health probes and the admin socket are not counted.</summary>
    public static void UseClientRates(this IApplicationBuilder app, ClientRates rates, ILogger logger) => app.Use((context, next) =>
    {
        if (context.Connection.RemoteIpAddress is not { } client || IsProbe(context) || rates.TryTake(client, out var retryAfter))
        {
            return next(context);
        }

        Log.RateLimited(logger, client.ToString());
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return AnswerAsync(context, StatusCodes.Status429TooManyRequests, "Too many requests from this address; try again after the time in Retry-After.");
    });

    private static bool IsProbe(HttpContext context) =>
        context.Features.Get<ListenerFeature>()?.Kind == ListenerKind.Http &&
        (context.Request.Path.Equals("/healthz", StringComparison.Ordinal) || context.Request.Path.Equals("/readyz", StringComparison.Ordinal));

    private static async Task AnswerAsync(HttpContext context, int status, string text)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
