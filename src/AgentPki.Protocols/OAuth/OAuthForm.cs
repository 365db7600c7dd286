using System.Text;
using AgentPki.Authority.OAuth;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using OpenIddict.Abstractions;

namespace AgentPki.Protocols.OAuth;

/// <summary>The parameters of a request to the token or the introspection endpoint (RFC 6749 §3.2, appendix B).</summary>
internal static class OAuthForm
{
    private const string ContentType = "application/x-www-form-urlencoded";

    // An assertion and a subject token, each with an ML-DSA signature, are 20 kB.
    private const int MaximumOctets = 96 * 1024;
    private const int MaximumParameters = 64;
    private const int MaximumValue = 40 * 1024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    // RFC 8707 §2, RFC 8693 §2.1: what may occur more than once.
    private static readonly string[] Repeatable = ["resource", "audience"];

    public static OAuthProblem Unreadable { get; } = new(OAuthErrorType.InvalidRequest, $"the parameters are sent in the body as {ContentType} (RFC 6749 §3.2)");

    public static async ValueTask<(OpenIddictRequest? Request, OAuthProblem? Problem)> ReadAsync(HttpContext context, TimeProvider time)
    {
        if (!MediaType.Is(context.Request.ContentType, ContentType))
        {
            return (null, Unreadable);
        }

        var body = await RequestBody.ReadAsync(context, MaximumOctets, Deadline, time, context.RequestAborted);
        if (body.Problem is { } problem)
        {
            return (null, new OAuthProblem(OAuthErrorType.InvalidRequest, problem.Detail));
        }

        var text = Encoding.UTF8.GetString(body.Octets);
        body.Release();
        try
        {
            using var reader = new FormReader(text) { ValueCountLimit = MaximumParameters, KeyLengthLimit = 64, ValueLengthLimit = MaximumValue };
            var form = await reader.ReadFormAsync(context.RequestAborted);
            // RFC 6749 §3.2: no parameter twice; one without a value is as if left out.
            return form.FirstOrDefault(p => p.Value.Count > 1 && !Repeatable.Contains(p.Key)) is { Key: { } twice }
                ? (null, new OAuthProblem(OAuthErrorType.InvalidRequest, $"the parameter {twice} is there more than once (RFC 6749 §3.2)"))
                : (new OpenIddictRequest(form.Where(p => !StringValues.IsNullOrEmpty(p.Value)).Select(p => new KeyValuePair<string, StringValues>(p.Key, p.Value))), null);
        }
        catch (InvalidDataException)
        {
            return (null, new OAuthProblem(OAuthErrorType.InvalidRequest, $"the body has more than {MaximumParameters} parameters, or longer ones than are read"));
        }
    }
}
