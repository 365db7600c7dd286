using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AgentPki.Protocols.Http;

/// <summary>Content-Type as RFC 9110 §8.3 compares it: without regard to case, parameters apart.</summary>
internal static class MediaType
{
    /// <summary>Whether the request's body says it is <paramref name="expected"/>, whatever its parameters.</summary>
    public static bool Is(HttpRequest request, string expected) => Is(request.ContentType, expected);

    /// <inheritdoc cref="Is(HttpRequest, string)"/>
    public static bool Is(string? actual, string expected) =>
        string.Equals(actual, expected, StringComparison.OrdinalIgnoreCase)
        || (MediaTypeHeaderValue.TryParse(actual, out var parsed) && parsed.MediaType.Equals(expected, StringComparison.OrdinalIgnoreCase));

    /// <summary>A parameter's value without its quotes, or null.</summary>
    public static string? Parameter(HttpRequest request, string name)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed))
        {
            return null;
        }

        foreach (var parameter in parsed.Parameters)
        {
            if (parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return HeaderUtilities.RemoveQuotes(parameter.Value).ToString();
            }
        }

        return null;
    }
}
