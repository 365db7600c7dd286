using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.AuthZen;

/// <summary>
/// OpenID AuthZEN Authorization API 1.0: the Access Evaluation and Access Evaluations APIs and the metadata. Search is not there, and the metadata do not name it (§9.1.1). TLS only.
/// </summary>
public static class AuthZenEndpoints
{
    internal const string Evaluation = "/access/v1/evaluation";
    internal const string Evaluations = "/access/v1/evaluations";

    /// <summary>Not AuthZEN's: the key that verifies receipts.</summary>
    internal const string Keys = "/access/v1/jwks.json";

    internal const string Metadata = "/.well-known/authzen-configuration";

    public static RouteGroupBuilder MapAuthZen(this IEndpointRouteBuilder routes, AuthZenServices services)
    {
        var group = routes.MapGroup("");
        var evaluation = new EvaluationHandler(services);
        var metadata = new MetadataHandler(services);
        group.MapOnly(HttpMethods.Post, Evaluation, evaluation.EvaluateAsync);
        group.MapOnly(HttpMethods.Post, Evaluations, evaluation.EvaluateManyAsync);
        group.MapReadable(Metadata, metadata.MetadataAsync);
        group.MapReadable(Keys, metadata.KeysAsync);
        return group;
    }
}
