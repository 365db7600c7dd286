using System.Globalization;
using System.Text;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Http;

/// <summary>Writes a refusal as <c>text/plain</c>: the one sentence, then what to quote when asking for help.</summary>
public static class ProblemText
{
    public const string ContentType = "text/plain; charset=utf-8";

    /// <param name="title">The problem's short name, for people.</param>
    public static Task WriteAsync(HttpContext context, int status, string title, PkiProblem problem)
    {
        var id = CorrelationId.Of(context);
        return WriteTextAsync(context, status, $"{Sentence(problem.Detail)}\n({title}; correlation id {id})\n", problem.RetryAfter);
    }

    /// <summary>Writes a text as it is. Nothing is written when the answer has begun already: the connection is ended instead.</summary>
    public static async Task WriteTextAsync(HttpContext context, int status, string text, TimeSpan? retryAfter)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }

        var body = Encoding.UTF8.GetBytes(text);
        response.StatusCode = status;
        response.ContentType = ContentType;
        if (status != StatusCodes.Status401Unauthorized)
        {
            // BouncyCastle's EST client closes a challenge unread, and counts that an error when it knew the length: a 401 goes in chunks.
            response.ContentLength = body.Length;
        }

        response.Headers.CacheControl = "no-store";
        response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        SetRetryAfter(response, retryAfter);
        if (status == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            response.Headers.Connection = "close"; // the rest of the body is not waited for
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    /// <summary>Retry-After in whole seconds, rounded up, at least one: some clients abort on an HTTP-date (RFC 9110 §10.2.3 allows both).</summary>
    public static void SetRetryAfter(HttpResponse response, TimeSpan? retryAfter)
    {
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A detail as a sentence: a capital first, a full stop last, nothing unprintable.</summary>
    public static string Sentence(string detail)
    {
        var text = Printable(detail.Trim());
        if (text.Length == 0)
        {
            return "No reason was given.";
        }

        var end = text[^1] is '.' or '!' or '?' ? "" : ".";
        return char.IsAsciiLetterLower(text[0]) ? string.Concat(char.ToUpperInvariant(text[0]).ToString(), text.AsSpan(1), end) : text + end;
    }

    /// <summary>Control characters of what a client sent must not steer somebody's terminal.</summary>
    public static string Printable(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        return string.Create(text.Length, text, static (result, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                result[i] = char.IsControl(source[i]) ? '\uFFFD' : source[i];
            }
        });
    }
}
