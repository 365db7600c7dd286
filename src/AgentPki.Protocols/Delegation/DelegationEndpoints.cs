using System.Buffers;
using System.Text;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography.Jose;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Delegation;

/// <summary>How agents have children over mTLS (docs/delegation.md): they POST a grant and get its bundle, and ask for the bundle of the certificate that they hold.</summary>
public static class DelegationEndpoints
{
    /// <summary>RFC 7515 §9.2.1.</summary>
    private const string GrantMediaType = "application/jose";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public static void MapDelegation(this IEndpointRouteBuilder routes, DelegationServices services)
    {
        routes.MapOnly(HttpMethods.Post, "/delegation/v1/grants", context => AnswerAsync(services, context, GrantAsync));
        routes.MapOnly(HttpMethods.Get, "/delegation/v1/bundle", context => AnswerAsync(services, context, BundleAsync));
    }

    private static async Task AnswerAsync(DelegationServices services, HttpContext context, Func<DelegationServices, HttpContext, Certificate, Task<(int Status, Outcome<GrantBundle> Answer)>> answer)
    {
        var client = services.Clients.Find(context);
        if ((services.Rates.Take(client.IssuedHere ? client.Fingerprint : null, services.Clients.AddressOf(context), null) ?? client.Problem) is { } problem)
        {
            await RefuseAsync(services, context, problem);
            return;
        }

        if (client.Certificate is not { } certificate)
        {
            await RefuseAsync(services, context, new PkiProblem(PkiProblemKind.Unauthenticated, "agents grant over mTLS: connect with your client certificate"));
            return;
        }

        try
        {
            var (status, outcome) = await answer(services, context, certificate);
            if (outcome is Outcome<GrantBundle>.Done(var bundle))
            {
                context.Response.StatusCode = status;
                context.Response.ContentType = GrantBundle.MediaType;
                context.Response.Headers.CacheControl = "no-store";
                await context.Response.WriteAsync(bundle.ToJson(), context.RequestAborted);
            }
            else
            {
                await RefuseAsync(services, context, ((Outcome<GrantBundle>.Refused)outcome).Problem);
            }
        }
        catch (StoreUnavailableException failure)
        {
            Log.Unavailable(services.Logger, CorrelationId.Of(context), failure);
            await RefuseAsync(services, context, new PkiProblem(PkiProblemKind.Unavailable, "the store cannot work now; nothing was granted", TimeSpan.FromSeconds(5)));
        }
    }

    private static async Task<(int Status, Outcome<GrantBundle> Answer)> GrantAsync(DelegationServices services, HttpContext context, Certificate certificate)
    {
        if (!MediaType.Is(context.Request.ContentType, GrantMediaType))
        {
            return (0, new Outcome<GrantBundle>.Refused(new PkiProblem(PkiProblemKind.UnsupportedMediaType, $"A grant is sent as {GrantMediaType}: a compact JWS of typ {SignedGrant.Type}.")));
        }

        var body = await RequestBody.ReadAsync(context, CompactJws.MaximumLength, Deadline, services.Time, context.RequestAborted);
        if (body.Problem is { } unread)
        {
            return (0, new Outcome<GrantBundle>.Refused(unread));
        }

        var text = Encoding.Latin1.GetString(body.Octets.ToArray()); // what is not ASCII no JWS has
        body.Release();
        return await services.Delegations.GrantAsync(text, certificate, CorrelationId.Of(context), context.RequestAborted) switch
        {
            Outcome<Delegated>.Done(var delegated) => (StatusCodes.Status201Created, new Outcome<GrantBundle>.Done(await services.Bundles.OfAsync(delegated.Grant.Digest(), context.RequestAborted))),
            Outcome<Delegated>.Refused(var problem) => (0, new Outcome<GrantBundle>.Refused(problem)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<(int Status, Outcome<GrantBundle> Answer)> BundleAsync(DelegationServices services, HttpContext context, Certificate certificate) =>
        (StatusCodes.Status200OK, await services.Bundles.OfAsync(certificate, context.RequestAborted));

    private static Task RefuseAsync(DelegationServices services, HttpContext context, PkiProblem problem)
    {
        Log.Refused(services.Logger, CorrelationId.Of(context), problem.Kind, problem.Detail);
        return PlainProblems.WriteAsync(context, problem);
    }
}
