using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using AgentPki.Authority.Governance;

namespace AgentPki.Protocols.Admin;

/// <summary>The OpenAPI 3.1 document of the admin API, made from the same table that maps its routes and the same types that write its bodies.</summary>
internal static partial class AdminOpenApi
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", TypeInfoResolver = AdminJson.Default, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>UTF-8, as it is served and as it is committed under <c>docs/openapi/</c>.</summary>
    public static ReadOnlyMemory<byte> Document { get; } = Encoding.UTF8.GetBytes(Build().ToJsonString(Indented) + "\n");

    private static JsonObject Build()
    {
        var paths = new JsonObject();
        foreach (var operation in AdminEndpoints.Operations)
        {
            var path = AdminEndpoints.Root + operation.Path;
            paths.TryAdd(path, new JsonObject());
            paths[path]!.AsObject().Add(operation.Method.ToLowerInvariant(), Describe(operation));
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "AgentPki admin API",
                ["version"] = "1",
                ["description"] = "Served on the Unix socket in the home folder, and where it is configured on a TLS port of its own. Callers are known by their client certificates, which this appliance issued, and have roles (docs/roles.md); every change and every refusal is a ledger entry.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "http://localhost", ["description"] = "Over the Unix socket: curl --unix-socket HOME/admin.sock http://localhost/admin/v1/status" }),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = Schemas() },
        };
    }

    private static JsonObject Describe(AdminOperation operation)
    {
        var description = new JsonObject { ["operationId"] = operation.Id, ["summary"] = operation.Summary };
        var parameters = new JsonArray();
        foreach (Match match in PathParameter().Matches(operation.Path))
        {
            parameters.Add((JsonNode)new JsonObject { ["name"] = match.Groups[1].Value, ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" } });
        }

        foreach (var query in operation.Query)
        {
            parameters.Add((JsonNode)new JsonObject
            {
                ["name"] = query.Name, ["in"] = "query", ["required"] = query.Required, ["description"] = query.Description, ["schema"] = new JsonObject { ["type"] = query.Type },
            });
        }

        if (parameters.Count > 0)
        {
            description["parameters"] = parameters;
        }

        if (operation.Body is { } body)
        {
            description["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", body.Type) };
        }

        description["description"] = AccessOf(operation.Access);
        var responses = new JsonObject { ["200"] = new JsonObject { ["description"] = "Done.", ["content"] = Content("application/json", operation.Answer.Type) } };
        if (operation.Access.Second != SecondPerson.Never)
        {
            responses["202"] = new JsonObject { ["description"] = "It waits for a second person: this is the request.", ["content"] = Content("application/json", typeof(AdminRequestView)) };
        }

        responses["default"] = new JsonObject { ["description"] = "Refused; the detail says why (RFC 9457).", ["content"] = Content(AdminProblems.ContentType, typeof(ProblemView)) };
        description["responses"] = responses;
        return description;
    }

    private static string AccessOf(AdminAccess access)
    {
        var who = access.IsForPeers ? "Whoever may open the socket, and every role" : access.IsOwnersToo ? $"Roles: {AdminRoles.Words(access.Roles)}; owner for its own" : $"Roles: {AdminRoles.Words(access.Roles)}";
        return access.Second switch
        {
            SecondPerson.Always => $"{who}. Wants a second person: {AdminRoles.Words(access.Approvers)}.",
            SecondPerson.AboveLimit => $"{who}. Above the limit it wants a second person: {AdminRoles.Words(access.Approvers)}.",
            _ => $"{who}.",
        };
    }

    private static JsonObject Content(string mediaType, Type type) => new() { [mediaType] = new JsonObject { ["schema"] = Reference(type) } };

    private static JsonObject Reference(Type type) => new() { ["$ref"] = $"#/components/schemas/{type.Name}" };

    private static JsonObject Schemas()
    {
        var types = AdminEndpoints.Operations.SelectMany(o => new[] { o.Body, o.Answer }).OfType<JsonTypeInfo>().Append(AdminJson.Default.ProblemView).Append(AdminJson.Default.AdminRequestView).DistinctBy(t => t.Type);
        var pending = new SortedDictionary<string, JsonTypeInfo>(StringComparer.Ordinal);
        foreach (var type in types)
        {
            Collect(type, pending);
        }

        var schemas = new JsonObject();
        foreach (var (name, type) in pending)
        {
            schemas[name] = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = (context, schema) => Transform(context, schema, type.Type) });
        }

        return schemas;
    }

    /// <summary>This type, and every record of this API that it is made of.</summary>
    private static void Collect(JsonTypeInfo type, SortedDictionary<string, JsonTypeInfo> found)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable && type.ElementType is { } element && AdminJson.Default.GetTypeInfo(element) is { } elementInfo)
        {
            Collect(elementInfo, found);
        }
        else if (type.Kind == JsonTypeInfoKind.Object && found.TryAdd(type.Type.Name, type))
        {
            foreach (var property in type.Properties)
            {
                if (AdminJson.Default.GetTypeInfo(property.PropertyType) is { } info)
                {
                    Collect(info, found);
                }
            }
        }
    }

    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode schema, Type root) =>
        context.TypeInfo.Kind == JsonTypeInfoKind.Object && context.TypeInfo.Type != root && context.TypeInfo.Type.Namespace == typeof(AdminOpenApi).Namespace ? Reference(context.TypeInfo.Type) : schema;

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();
}
