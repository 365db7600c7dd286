using System.Collections.Concurrent;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.X509.Cms;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>What clients fetch before they enrol, unauthenticated: the CA's certificates (RFC 7030 §4.1) and what a request should say (§4.5).</summary>
internal sealed class EstDistributionHandler(EstServices services)
{
    // Profiles and CAs do not change while the appliance runs.
    private readonly ConcurrentDictionary<string, byte[]> _certificates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _attributes = new(StringComparer.Ordinal);

    /// <summary>RFC 7030 §4.1.3: the issuing CA, every certificate between, the root.</summary>
    public Task AuthorityCertificatesAsync(EstExchange exchange)
    {
        if (Profile(exchange) is not { } profile)
        {
            return exchange.RefuseUnaskedAsync(UnknownLabel());
        }

        if (!_certificates.TryGetValue(profile.Issuer, out var message))
        {
            var chain = services.Chain(profile.Issuer);
            if (chain.Count == 0)
            {
                return exchange.RefuseUnaskedAsync(new PkiProblem(PkiProblemKind.Unavailable, $"The CA '{profile.Issuer}' has no certificate yet."));
            }

            message = _certificates[profile.Issuer] = CertsOnly.Encode(chain.Select(c => c.Der));
        }

        return EstAnswer.WriteAsync(exchange.Context, EstMediaTypes.CertsOnly, message);
    }

    /// <summary>RFC 7030 §4.5.2 with RFC 9908; 204 where the profile asks for nothing.</summary>
    public Task CsrAttributesAsync(EstExchange exchange)
    {
        if (Profile(exchange) is not { } profile)
        {
            return exchange.RefuseUnaskedAsync(UnknownLabel());
        }

        var message = _attributes.GetOrAdd(profile.Name, static (_, p) => EstCsrAttributes.For(p), profile);
        if (message.Length == 0)
        {
            exchange.Context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return EstAnswer.WriteAsync(exchange.Context, EstMediaTypes.CsrAttributes, message);
    }

    private CertificateProfile? Profile(EstExchange exchange) =>
        services.Profiles.FindByLabel(exchange.Label) is { Use: ProfileUse.Agent } profile ? profile : null;

    private static PkiProblem UnknownLabel() => new(PkiProblemKind.UnknownProfile, "No profile has this label; without a label the default profile is used.");
}
