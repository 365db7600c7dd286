using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.AuthZen;

/// <summary>The Policy Decision Point metadata (AuthZEN §9), and the key that verifies receipts.</summary>
internal sealed class MetadataHandler(AuthZenServices services)
{
    public Task MetadataAsync(HttpContext context)
    {
        // §9.2: the identifier is the URL into which the well-known string was put, so that it is the name by which the client asked.
        var self = $"https://{context.Request.Host.ToUriComponent()}";
        var output = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("policy_decision_point", self);
            writer.WriteString("access_evaluation_endpoint", self + AuthZenEndpoints.Evaluation);
            writer.WriteString("access_evaluations_endpoint", self + AuthZenEndpoints.Evaluations);
            writer.WriteString("decision_receipt_jwks_uri", self + AuthZenEndpoints.Keys);
            writer.WriteString("decision_receipt_issuer", services.Decisions.Options.Issuer);
            writer.WriteEndObject();
        }

        return EvaluationWriter.WriteAsync(context, output.WrittenMemory);
    }

    public async Task KeysAsync(HttpContext context) => await EvaluationWriter.WriteAsync(context, await services.Decisions.Receipts.JwksAsync(context.RequestAborted));
}
