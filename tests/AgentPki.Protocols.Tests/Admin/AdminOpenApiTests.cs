using System.Text.Json.Nodes;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Builder;

namespace AgentPki.Protocols.Tests.Admin;

public sealed class AdminOpenApiTests
{
    private const string CommittedFile = "docs/openapi/admin-v1.json";

    [Fact]
    public async Task Document_AsServed_IsTheCommittedOne()
    {
        await using var admin = await AdminServer.StartAsync();
        var served = await admin.Client.GetStringAsync("openapi.json", TestContext.Current.CancellationToken);
        var file = Path.Combine(SourceTree(), CommittedFile);
        if (Environment.GetEnvironmentVariable("AGENTPKI_WRITE_OPENAPI") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, served, TestContext.Current.CancellationToken);
        }

        Assert.True(
            await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) == served,
            $"{CommittedFile} is not what the appliance serves. If the change is meant, run this test with AGENTPKI_WRITE_OPENAPI=1 and commit the file.");
    }

    [Fact]
    public async Task Document_HasEveryMappedRouteAndNoOther()
    {
        IReadOnlyList<string> mapped = [];
        await using var authority = await Testing.Fixtures.TestAuthority.StartAsync();
        await using var server = await TestServer.StartAsync(routes =>
        {
            routes.MapAdmin(new AdminServices
            {
                Authority = authority.Services,
                Readiness = null!,
                Caller = null!,
                Version = "",
                Time = authority.Time,
                Logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance,
            });
            mapped = [.. ((IEndpointRouteBuilder)routes).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!)];
        });
        var document = Document(await File.ReadAllTextAsync(Path.Combine(SourceTree(), CommittedFile), TestContext.Current.CancellationToken));
        Assert.Equal(mapped.Where(p => !p.EndsWith("/openapi.json", StringComparison.Ordinal)).Order(), document["paths"]!.AsObject().Select(p => p.Key).Order());
    }

    [Fact]
    public async Task Document_EveryMethodAnswersAndEverySchemaIsThere()
    {
        await using var admin = await AdminServer.StartAsync();
        var document = Document(await admin.Client.GetStringAsync("openapi.json", TestContext.Current.CancellationToken));
        var schemas = document["components"]!["schemas"]!.AsObject().Select(s => s.Key).ToHashSet();
        Assert.All(References(document), reference => Assert.Contains(reference.Split('/')[^1], schemas));
        Assert.Equal(schemas.Order(), References(document).Select(r => r.Split('/')[^1]).Distinct().Order());
        foreach (var (path, methods) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in methods!.AsObject())
            {
                using var message = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), path.Replace("{", "x", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal));
                using var answer = await admin.Client.SendAsync(message, TestContext.Current.CancellationToken);
                Assert.NotEqual(System.Net.HttpStatusCode.MethodNotAllowed, answer.StatusCode);
                Assert.True(answer.Headers.Contains("X-Correlation-Id"), $"{method} {path}: {answer.StatusCode}");
                Assert.NotEmpty(operation!["operationId"]!.GetValue<string>());
            }
        }
    }

    private static JsonNode Document(string json) => JsonNode.Parse(json)!;

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(f => f.Key == "$ref" ? [f.Value!.GetValue<string>()] : References(f.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };

    private static string SourceTree()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("not inside the source tree");
    }
}
