using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Http;

/// <summary>
/// The name of one request, shared by the client (header <see cref="HeaderName"/>), the log (<see cref="HttpContext.TraceIdentifier"/>) and the
/// ledger: 16 lower-case hexadecimal digits, made here and never taken from the client.
/// </summary>
public static class CorrelationId
{
    public const string HeaderName = "X-Correlation-Id";

    /// <summary>The id of this request; made when it is first asked for, so that a cached OCSP answer does not pay for one.</summary>
    public static string Of(HttpContext context)
    {
        if (context.Features.Get<Made>() is { } made)
        {
            return made.Id;
        }

        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        var id = Convert.ToHexStringLower(random);
        context.Features.Set(new Made(id));
        context.TraceIdentifier = id;
        return id;
    }

    private sealed record Made(string Id);
}
