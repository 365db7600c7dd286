using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.AuthZen;

/// <summary>
/// The request shapes of the AuthZEN 1.0 certification scenario, levels Basic, Batch and Discovery, with its eight decisions; its users are agents here, named with their certificates.
/// </summary>
public sealed class AuthZenInteropTests : IAsyncLifetime
{
    // "Required policy behaviour" of the scenario.
    private const string Fixture = """
        policies:
          - {id: reads, effect: permit, actions: [read], resources: [record/*]}
          - id: alice-writes
            effect: permit
            agents: {ids: [/agent/alice]}
            actions: [write]
            resources: [record/*]
          - id: archived
            effect: forbid
            actions: [write]
            resources: [record/*]
            when: has(resource.properties.status) && resource.properties.status == 'archived' && !(has(claims.role) && claims.role == 'admin')
          - id: admins-write-archived
            effect: permit
            actions: [write]
            resources: [record/*]
            when: claims.role == 'admin' && resource.properties.status == 'archived'
          - {id: soft-delete, effect: permit, agents: {ids: [/agent/alice]}, actions: [delete], resources: [record/*], when: action.properties.soft == true}
        """;

    private AuthZenServer _server = null!;
    private string _alice = "";
    private string _bob = "";
    private X509Certificate2 _bobs = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AuthZenServer.StartAsync(("fixture.yaml", Fixture));
        _alice = AuthZenServer.Subject(await _server.AgentAsync("alice"), "alice");
        _bobs = await _server.AgentAsync("bob");
        _bob = AuthZenServer.Subject(_bobs, "bob");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Evaluation_TheEightDecisions_AreThoseOfTheScenario()
    {
        var admin = AuthZenServer.Subject(_bobs, "bob", ""","role":"admin" """);
        const string Archived = """{"type":"record","id":"record-2","properties":{"status":"archived"}}""";
        const string Record = """{"type":"record","id":"record-1"}""";
        await DecidesAsync(true, _alice, """{"name":"read"}""", Record);
        await DecidesAsync(true, _alice, """{"name":"write"}""", Record);
        await DecidesAsync(true, _bob, """{"name":"read"}""", Record);
        await DecidesAsync(false, _bob, """{"name":"write"}""", Record);
        await DecidesAsync(false, _alice, """{"name":"write"}""", Archived);
        await DecidesAsync(true, admin, """{"name":"write"}""", Archived);
        await DecidesAsync(true, _alice, """{"name":"delete","properties":{"soft":true}}""", Record);
        await DecidesAsync(false, _alice, """{"name":"delete","properties":{"soft":false}}""", Record);
    }

    [Fact]
    public async Task Evaluation_ContextUnknownFieldsAndFurtherProperties_ChangeNothing()
    {
        var (status, json, _) = await _server.PostAsync("/access/v1/evaluation", $$$$"""
            {"subject":{{{{_alice}}}},"action":{"name":"read","properties":{"method":"GET"}},"resource":{"type":"record","id":"record-1","properties":{"status":"active","owner":"bob"}},
             "context":{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"},"foo":"bar","futureField":{"nested":true}}
            """);
        Assert.Equal(200, status);
        Assert.True(json.GetProperty("decision").GetBoolean());
    }

    [Fact]
    public async Task Evaluation_RequestId_ComesBack()
    {
        var (_, _, headers) = await _server.PostAsync("/access/v1/evaluation", One(_alice), requestId: "bfe9eb29-ab87-4ca3-be83-a1d5d8305716");
        Assert.Equal("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", Assert.Single(headers.GetValues("X-Request-ID")));
    }

    [Theory]
    [InlineData("""{"action":{"name":"read"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"read"}}""")]
    [InlineData("""{"subject":{"id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":{"type":"agent"},"action":{"name":"read"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"read"},"resource":{"id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"read"},"resource":{"type":"record"}}""")]
    [InlineData("""{"subject":"alice","action":{"name":"read"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":123},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"read","properties":[]},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"read"},"resource":{"type":"record","id":"1"},"context":"x"}""")]
    [InlineData("""{"subject":S,"action":{"name":"read"},"action":{"name":"write"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":S,"action":{"name":"re\ud800ad"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("[]")]
    public async Task Evaluation_NoRequest_Is400(string body)
    {
        body = body.Replace("S,", _alice + ",", StringComparison.Ordinal);
        Assert.Equal(400, (await _server.PostAsync("/access/v1/evaluation", body)).Status);
        Assert.Equal(400, (await _server.PostAsync("/access/v1/evaluations", body)).Status);
    }

    [Fact]
    public async Task Evaluation_OtherContentType_Is400() => Assert.Equal(400, (await _server.PostAsync("/access/v1/evaluation", One(_alice), "text/plain")).Status);

    [Fact]
    public async Task Evaluations_Defaults_AreTakenAndOverridden()
    {
        var decisions = await ManyAsync($$$$"""
            {"subject":{{{{_bob}}}},"resource":{"type":"record","id":"record-1"},"action":{"name":"read"},
             "evaluations":[{},{"action":{"name":"write"}},{"subject":{{{{_alice}}}},"action":{"name":"write"}},{"resource":{"type":"other","id":"1"}}]}
            """);
        Assert.Equal([true, false, true, false], decisions);
    }

    [Theory]
    [InlineData("execute_all", new[] { false, true, false })]
    [InlineData("deny_on_first_deny", new[] { false })]
    [InlineData("permit_on_first_permit", new[] { false, true })]
    public async Task Evaluations_Semantic_EndsWhereItSays(string semantic, bool[] expected) => Assert.Equal(expected, await ManyAsync($$$$"""
        {"subject":{{{{_bob}}}},"resource":{"type":"record","id":"record-1"},"options":{"evaluations_semantic":"{{{{semantic}}}}","another_option":1},
         "evaluations":[{"action":{"name":"write"}},{"action":{"name":"read"}},{"action":{"name":"delete"}}]}
        """));

    [Fact]
    public async Task Evaluations_OneThatIsNoRequest_IsDeniedWithItsError()
    {
        var (status, json, _) = await _server.PostAsync("/access/v1/evaluations", $$$$"""{"subject":{{{{_alice}}}},"action":{"name":"read"},"evaluations":[{"resource":{"type":"record","id":"1"}},{"resource":{"type":"record"}}]}""");
        Assert.Equal(200, status);
        var answers = json.GetProperty("evaluations").EnumerateArray().ToList();
        Assert.True(answers[0].GetProperty("decision").GetBoolean());
        Assert.False(answers[1].GetProperty("decision").GetBoolean());
        Assert.Equal(400, answers[1].GetProperty("context").GetProperty("error").GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData(""","evaluations":[]""")]
    [InlineData("")]
    public async Task Evaluations_Without_IsARequestOfOne(string list)
    {
        var (status, json, _) = await _server.PostAsync("/access/v1/evaluations", One(_alice)[..^1] + list + "}");
        Assert.Equal(200, status);
        Assert.True(json.GetProperty("decision").GetBoolean());
    }

    [Theory]
    [InlineData("\"options\":{\"evaluations_semantic\":\"first_come\"}")]
    [InlineData("\"options\":[]")]
    [InlineData("\"evaluations\":{}")]
    public async Task Evaluations_UnknownSemanticOrNoList_Is400(string more) => Assert.Equal(400, (await _server.PostAsync(
        "/access/v1/evaluations", "{" + more + (more.Contains("evaluations\":", StringComparison.Ordinal) ? "" : ""","evaluations":[{}]""") + "}")).Status);

    [Fact]
    public async Task Metadata_NamesWhatThereIs()
    {
        using var client = _server.Server.Client();
        using var json = JsonDocument.Parse(await client.GetStringAsync("/.well-known/authzen-configuration", TestContext.Current.CancellationToken));
        var self = _server.Server.Https.ToString().TrimEnd('/');
        Assert.Equal(self, json.RootElement.GetProperty("policy_decision_point").GetString());
        Assert.Equal(self + "/access/v1/evaluation", json.RootElement.GetProperty("access_evaluation_endpoint").GetString());
        Assert.Equal(self + "/access/v1/evaluations", json.RootElement.GetProperty("access_evaluations_endpoint").GetString());
        Assert.False(json.RootElement.TryGetProperty("search_subject_endpoint", out _));
    }

    private static string One(string subject) => $$$$"""{"subject":{{{{subject}}}},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""";

    private async Task DecidesAsync(bool expected, string subject, string action, string resource)
    {
        var (status, json, _) = await _server.PostAsync("/access/v1/evaluation", $$$$"""{"subject":{{{{subject}}}},"action":{{{{action}}}},"resource":{{{{resource}}}}}""");
        Assert.Equal(200, status);
        Assert.True(expected == json.GetProperty("decision").GetBoolean(), json.ToString());
    }

    private async Task<List<bool>> ManyAsync(string body)
    {
        var (status, json, _) = await _server.PostAsync("/access/v1/evaluations", body);
        Assert.Equal(200, status);
        Assert.False(json.TryGetProperty("decision", out _));
        return [.. json.GetProperty("evaluations").EnumerateArray().Select(e => e.GetProperty("decision").GetBoolean())];
    }
}
