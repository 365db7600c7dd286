using System.Runtime.CompilerServices;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>What clients fetch before they enrol, authenticated or not: the CA's certificates (RFC 7030 §4.1) and what a request should say (§4.5).</summary>
internal sealed class EstDistributionHandler(EstServices services)
{
    // What was made once is kept: by CA, and by profile as it is for somebody.
    private readonly ConditionalWeakTable<IReadOnlyList<Certificate>, byte[]> _certificates = [];
    private readonly ConditionalWeakTable<CertificateProfile, byte[]> _attributes = [];

    /// <summary>RFC 7030 §4.1.3: the issuing CA, every certificate between, the root; OldWithNew and NewWithOld while a root goes over to another key; and where the server's own certificate has another root, that.</summary>
    public Task AuthorityCertificatesAsync(EstExchange exchange)
    {
        if (Profile(exchange) is not { } profile)
        {
            return exchange.RefuseUnaskedAsync(UnknownLabel());
        }

        var certificates = services.Chain(profile);
        if (certificates.Count == 0)
        {
            return exchange.RefuseUnaskedAsync(new PkiProblem(PkiProblemKind.Unavailable, $"The CA '{profile.Issuer}' has no certificate yet."));
        }

        var others = ServerRoots().Except(certificates).ToList();
        var message = others.Count > 0
            ? CertsOnly.Encode(certificates.Concat(others).Select(c => c.Der))
            : _certificates.GetValue(certificates, static list => CertsOnly.Encode(list.Select(c => c.Der)));
        return EstAnswer.WriteAsync(exchange.Context, EstMediaTypes.CertsOnly, message);
    }

    /// <summary>
    /// RFC 7030 §4.5.2 with RFC 9908; 204 where the profile asks for nothing. Whoever authenticates, which nobody must, hears what holds for him: a
    /// campaign moves agents one by one. By asking with its new certificate an agent also says that it has it in use.
    /// </summary>
    public async Task CsrAttributesAsync(EstExchange exchange)
    {
        CertificateProfile? profile;
        try
        {
            profile = await services.ProfileFor(exchange.Requester(EnrollmentKind.Enroll), exchange.Label, exchange.Context.RequestAborted);
        }
        catch (StoreUnavailableException)
        {
            await exchange.RefuseUnaskedAsync(new PkiProblem(PkiProblemKind.Unavailable, "What holds for you cannot be looked up now.", TimeSpan.FromSeconds(5)));
            return;
        }

        if (profile is null)
        {
            await exchange.RefuseUnaskedAsync(UnknownLabel());
            return;
        }

        var message = _attributes.GetValue(profile, static p => EstCsrAttributes.For(p));
        if (message.Length == 0)
        {
            exchange.Context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await EstAnswer.WriteAsync(exchange.Context, EstMediaTypes.CsrAttributes, message);
    }

    /// <summary>RFC 7030 §4.1.3: what cacerts says are the client's explicit trust anchors from then on, by which it knows this server too (§3.6.1).</summary>
    private IEnumerable<Certificate> ServerRoots() =>
        services.Profiles.All.Where(p => p.Use == ProfileUse.TlsServer).SelectMany(p => services.Chain(p)).Where(c => c.IsSelfIssued);

    private CertificateProfile? Profile(EstExchange exchange) =>
        services.Profiles.FindByLabel(exchange.Label) is { Use: ProfileUse.Agent } profile ? profile : null;

    private static PkiProblem UnknownLabel() => new(PkiProblemKind.UnknownProfile, "No profile has this label; without a label the default profile is used.");
}
