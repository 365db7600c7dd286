using System.Text;
using System.Text.Json;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Client.Decisions;
using AgentPki.Ledger.Decisions;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.AuthZen;

/// <summary>The attack table of decisions, over the wire; docs/threats.md names each.</summary>
public sealed class AuthZenAttackTests
{
    private const string Everything = "policies:\n- {id: everything, effect: permit, actions: ['**'], resources: ['**']}\n";
    private const string Issuer = "http://pki.test:8080";

    [Fact]
    public async Task Ask_WithoutACertificate_WithAForeignOneOrWithoutTheRight_IsNoAnswer()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var body = Body(agent, "a");
        using var nobody = server.Server.Client();
        Assert.Equal(401, (await server.PostAsync("/access/v1/evaluation", body, client: nobody)).Status);
        using var foreign = server.Server.Client(Harness.ScriptedAuthority.TlsCertificate());
        Assert.Equal(401, (await server.PostAsync("/access/v1/evaluation", body, client: foreign)).Status);
        using var ordinary = server.Server.Client(agent);
        Assert.Equal(403, (await server.PostAsync("/access/v1/evaluation", body, client: ordinary)).Status);
        using var plain = server.Server.Client(to: server.Server.Http);
        Assert.Equal(404, (await server.PostAsync("/access/v1/evaluation", body, client: plain)).Status);
    }

    [Fact]
    public async Task Ask_BySomebodyWhoseCertificateWasRevoked_IsNoAnswer()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        Assert.Equal(200, (await server.PostAsync("/access/v1/evaluation", Body(agent, "a"))).Status);
        await server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Agent(TestDecider.Guard, AgentPki.Agents.AgentState.Suspended, false), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        Assert.Equal(401, (await server.PostAsync("/access/v1/evaluation", Body(agent, "a"))).Status);
    }

    [Fact]
    public async Task Ask_AfterTheSubjectsRevocation_IsDenied()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        Assert.True((await server.PostAsync("/access/v1/evaluation", Body(agent, "a"))).Json.GetProperty("decision").GetBoolean());
        await server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(Certificate.Parse(agent.RawData)), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        var json = (await server.PostAsync("/access/v1/evaluation", Body(agent, "a"))).Json;
        Assert.False(json.GetProperty("decision").GetBoolean());
        Assert.Equal("status", json.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
    }

    [Theory]
    [InlineData("""{"type":"agent","id":"ID"}""", "status")]
    [InlineData("""{"type":"agent","id":"ID","properties":{"x5t#S256":"AAAA"}}""", "status")]
    [InlineData("""{"type":"agent","id":"ID","properties":{"x5c":["AAAA"]}}""", "status")]
    [InlineData("""{"type":"agent","id":"ID","properties":{"x5c":["X5C"],"x5t#S256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}}""", "not_canonical")]
    [InlineData("""{"type":"user","id":"ID","properties":{"x5c":["X5C"]}}""", "not_canonical")]
    [InlineData("""{"type":"agent","id":"spiffe://agents.test/agent/another","properties":{"x5c":["X5C"]}}""", "status")]
    public async Task Ask_SubjectThatIsNotItsCertificates_IsDenied(string subject, string rule)
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        subject = subject.Replace("ID", "spiffe://agents.test/agent/a", StringComparison.Ordinal).Replace("X5C", Convert.ToBase64String(agent.RawData), StringComparison.Ordinal);
        var json = (await server.PostAsync("/access/v1/evaluation", $$$$"""{"subject":{{{{subject}}}},"action":{"name":"read"},"resource":{"type":"record","id":"1"}}""")).Json;
        Assert.False(json.GetProperty("decision").GetBoolean());
        Assert.Equal(rule, json.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
    }

    /// <summary>x5c names the subject's own certificate first: neither one further down, nor another's with the subject's name beside it.</summary>
    [Fact]
    public async Task Ask_ChainWithTheSubjectsCertificateInAnotherPlace_IsDenied()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var (agent, parent) = (await server.AgentAsync("a"), await server.AgentAsync("b"));
        var (mine, theirs) = (Convert.ToBase64String(agent.RawData), Convert.ToBase64String(parent.RawData));
        var print = System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(agent.RawData));
        var tampered = agent.RawData.ToArray();
        var scheme = tampered.AsSpan().IndexOf("spiffe://agents.test/agent/a"u8);
        tampered[scheme + "spiffe://agents.test/agent/".Length] = (byte)'b';
        foreach (var (id, properties) in new[]
        {
            ("a", $$"""{"x5c":["{{theirs}}","{{mine}}"]}"""), ("a", $$"""{"x5c":["{{theirs}}"],"x5t#S256":"{{print}}"}"""), ("b", $$"""{"x5c":["{{mine}}","{{theirs}}"]}"""),
            ("b", $$"""{"x5t#S256":"{{print}}"}"""), ("b", $$"""{"x5c":["{{Convert.ToBase64String(tampered)}}"]}"""), ("a", $$"""{"x5c":["{{mine}}","x5c"],"X5C":["{{mine}}"],"x5t#s256":"{{print}}"}"""), ("A", $$"""{"x5c":["{{mine}}"]}"""), ("a/", $$"""{"x5c":["{{mine}}"]}"""), ("%61", $$"""{"x5c":["{{mine}}"]}"""),
        })
        {
            var (status, json, _) = await server.PostAsync("/access/v1/evaluation", $$$$"""{"subject":{"type":"agent","id":"spiffe://agents.test/agent/{{{{id}}}}","properties":{{{{properties}}}}},"action":{"name":"read"},"resource":{"type":"record","id":"1"}}""");
            Assert.Equal(200, status);
            Assert.Equal(id == "a" && properties.StartsWith($$"""{"x5c":["{{mine}}""", StringComparison.Ordinal), json.GetProperty("decision").GetBoolean());
        }
    }

    [Theory]
    [InlineData("""{"subject":SUBJECT,"action":{"name":"read"},"action":{"name":"write"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":SUBJECT,"action":{"name":"read","n\u0061me":"write"},"resource":{"type":"record","id":"1"}}""")]
    [InlineData("""{"subject":SUBJECT,"action":{"name":"read"},"resource":{"type":"record","id":"1"},"context":{"spend":{"actions":0,"actions":0}}}""")]
    public async Task Ask_MemberTwice_IsNoQuestion(string body)
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        Assert.Equal(400, (await server.PostAsync("/access/v1/evaluation", body.Replace("SUBJECT", AuthZenServer.Subject(agent, "a"), StringComparison.Ordinal))).Status);
    }

    /// <summary>What is asked is written down: a name must not make a line behind which nobody reads on.</summary>
    [Fact]
    public async Task Ask_NamesOfAnyLength_LeaveALogThatIsRead()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var subject = AuthZenServer.Subject(agent, "a");
        string One(string id) => $$$$"""{"subject":{{{{subject}}}},"action":{"name":"read"},"resource":{"type":"record","id":"{{{{id}}}}"}}""";
        Assert.Equal(400, (await server.PostAsync("/access/v1/evaluation", One(new string('<', 50_000)))).Status);
        var many = (await server.PostAsync("/access/v1/evaluations", $$"""{"evaluations":[{{One(new string('<', 400_000))}},{{One("1")}}]}""")).Json.GetProperty("evaluations");
        Assert.Equal(400, many[0].GetProperty("context").GetProperty("error").GetProperty("status").GetInt32());
        Assert.True(many[1].GetProperty("decision").GetBoolean());
        Assert.False((await server.PostAsync("/access/v1/evaluation", One(new string('<', 2048)))).Json.GetProperty("decision").GetBoolean());
        var read = 0;
        foreach (var (_, path) in JournalSegments.List(server.Decider.Journal.FullName))
        {
            await foreach (var (line, _) in JournalSegments.ReadAsync(path, TestContext.Current.CancellationToken))
            {
                read += JournalRecord.TryParse(line, out _) ? 1 : 0;
            }
        }

        Assert.Equal(2, read);
    }

    [Fact]
    public async Task Ask_TypeThatReachesIntoTheId_IsDenied()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var json = (await server.PostAsync("/access/v1/evaluation", $$$$"""{"subject":{{{{AuthZenServer.Subject(agent, "a")}}}},"action":{"name":"read"},"resource":{"type":"crm/customers","id":"42"}}""")).Json;
        Assert.Equal("not_canonical", json.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
    }

    [Theory]
    [InlineData("re\\u0430d", "1")]
    [InlineData("read", "a/../1")]
    [InlineData("read", "%2e%2e/1")]
    [InlineData("read", "a//1")]
    public async Task Ask_LookalikeOrTraversal_IsDenied(string action, string id)
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var json = (await server.PostAsync("/access/v1/evaluation", $$$$"""{"subject":{{{{AuthZenServer.Subject(agent, "a")}}}},"action":{"name":"{{{{action}}}}"},"resource":{"type":"record","id":"{{{{id}}}}"}}""")).Json;
        Assert.Equal("not_canonical", json.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
    }

    [Theory]
    [InlineData("""{"ip":"not an address"}""")]
    [InlineData("""{"data_classes":"pii"}""")]
    [InlineData("""{"task":{"scopes":["nonsense"]}}""")]
    [InlineData("""{"task":[]}""")]
    [InlineData("""{"spend":{"usd-cents":-5}}""")]
    [InlineData("""{"spend":{"usd-cents":1.5}}""")]
    public async Task Ask_ContextThatIsNotUnderstood_IsDeniedRatherThanIgnored(string context)
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var json = (await server.PostAsync("/access/v1/evaluation", Body(agent, "a", context))).Json;
        Assert.Equal("not_canonical", json.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
    }

    [Fact]
    public async Task Ask_TimeOfWhoAsks_BoundsNothing()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", "policies:\n- {id: later, effect: permit, actions: [read], resources: ['**'], when: \"now > timestamp('2027-06-01T00:00:00Z')\"}\n"));
        var agent = await server.AgentAsync("a");
        Assert.False((await server.PostAsync("/access/v1/evaluation", Body(agent, "a", """{"time":"2027-07-01T00:00:00Z","now":"2027-07-01T00:00:00Z"}"""))).Json.GetProperty("decision").GetBoolean());
    }

    [Fact]
    public async Task Receipt_OfAnAnswer_VerifiesOfflineAndBindsQuestionAudienceNonceAndTime()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var body = Body(agent, "a", """{"nonce":"n-1"}""");
        var (_, json, _) = await server.PostAsync("/access/v1/evaluation", body);
        var receipt = json.GetProperty("context").GetProperty("receipt").GetString()!;
        var verifier = DecisionReceipt.FromJwks(await server.Client.GetByteArrayAsync("/access/v1/jwks.json", TestContext.Current.CancellationToken));
        using var question = JsonDocument.Parse(body);
        var expected = new ReceiptExpectation(Issuer) { Audience = TestDecider.Guard, Nonce = "n-1", RequestSha256 = Convert.ToHexStringLower(RequestDigest.Of(question.RootElement)), Now = server.Authority.Time.GetUtcNow() };

        var valid = Assert.IsType<ReceiptResult.Valid>(verifier.Verify(receipt, expected));
        var decided = Assert.Single(valid.Statement.Decisions);
        Assert.Equal((true, "spiffe://agents.test/agent/a", "read", "record/1"), (decided.IsPermitted, decided.Subject, decided.Action, decided.Resource));
        Assert.Equal(json.GetProperty("context").GetProperty("id").GetString(), decided.Id);

        // A stale one that is shown again, to others, for another question, by another appliance, or ahead of its time.
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, expected with { Now = server.Authority.Time.GetUtcNow().AddMinutes(1) }));
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, expected with { Now = server.Authority.Time.GetUtcNow().AddMinutes(-1) }));
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, expected with { Nonce = "n-2" }));
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, expected with { Audience = "spiffe://agents.test/guard/other" }));
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, expected with { RequestSha256 = new string('0', 64) }));
        Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(receipt, new ReceiptExpectation("http://another.test")));
        Assert.IsType<ReceiptResult.Valid>(verifier.Verify(receipt, new ReceiptExpectation(Issuer))); // as evidence, whenever
    }

    [Fact]
    public async Task Receipt_ThatWasForged_DoesNotVerify()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", "policies: []"));
        var agent = await server.AgentAsync("a");
        var (_, json, _) = await server.PostAsync("/access/v1/evaluation", Body(agent, "a"));
        var receipt = json.GetProperty("context").GetProperty("receipt").GetString()!;
        var verifier = DecisionReceipt.FromJwks(await server.Client.GetByteArrayAsync("/access/v1/jwks.json", TestContext.Current.CancellationToken));
        var parts = receipt.Split('.');
        var payload = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]));
        Assert.Contains("\"decision\":false", payload, StringComparison.Ordinal);
        var forged = System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload.Replace("\"decision\":false", "\"decision\":true", StringComparison.Ordinal)));
        var none = System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"none","typ":"agentpki-decision+jwt"}"""u8);
        await using var own = await TestAuthority.KeyAsync();
        var signed = await AgentPki.Cryptography.Jose.CompactJws.SignAsync(own, DecisionStatement.JwsType, Encoding.UTF8.GetBytes(payload), TestContext.Current.CancellationToken);
        using var another = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var underItsName = $"{parts[0]}.{forged}.{System.Buffers.Text.Base64Url.EncodeToString(another.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{forged}"), System.Security.Cryptography.HashAlgorithmName.SHA256))}";
        string WithHeader(string header)
        {
            var input = $"{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{forged}";
            return $"{input}.{System.Buffers.Text.Base64Url.EncodeToString(another.SignData(Encoding.ASCII.GetBytes(input), System.Security.Cryptography.HashAlgorithmName.SHA256))}";
        }

        var kid = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0])).RootElement.GetProperty("kid").GetString();
        var jwk = $$"""{"kty":"EC","crv":"P-256","x":"{{System.Buffers.Text.Base64Url.EncodeToString(another.ExportParameters(false).Q.X)}}","y":"{{System.Buffers.Text.Base64Url.EncodeToString(another.ExportParameters(false).Q.Y)}}"}""";
        string[] withKeys =
        [
            WithHeader($$"""{"alg":"ES256","typ":"agentpki-decision+jwt","kid":"{{kid}}","jwk":{{jwk}}}"""), WithHeader($$"""{"alg":"ES256","typ":"agentpki-decision+jwt","jwk":{{jwk}}}"""),
            WithHeader($$"""{"alg":"ES256","typ":"agentpki-decision+jwt","kid":"{{kid}}","x5c":["{{Convert.ToBase64String(agent.RawData)}}"]}"""), WithHeader($$"""{"alg":"ES256","typ":"agentpki-decision+jwt","kid":"{{kid}}","crit":["exp"]}"""),
        ];
        Assert.All(withKeys, text => Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(text, new ReceiptExpectation(Issuer))));
        Assert.IsType<ReceiptResult.Valid>(verifier.Verify(receipt, new ReceiptExpectation(Issuer)));
        Assert.All([$"{parts[0]}.{forged}.{parts[2]}", $"{none}.{forged}.{parts[2]}", $"{none}.{forged}.", signed, underItsName, "", "a.b.c"], text => Assert.IsType<ReceiptResult.Invalid>(verifier.Verify(text, new ReceiptExpectation(Issuer))));
    }

    [Fact]
    public async Task Receipt_OfMany_IsOneForAllOfThem()
    {
        await using var server = await AuthZenServer.StartAsync(("a.yaml", Everything));
        var agent = await server.AgentAsync("a");
        var (_, json, _) = await server.PostAsync("/access/v1/evaluations", $$$$"""{"subject":{{{{AuthZenServer.Subject(agent, "a")}}}},"action":{"name":"read"},"evaluations":[{"resource":{"type":"record","id":"1"}},{"resource":{"type":"record","id":"../2"}}]}""");
        var verifier = DecisionReceipt.FromJwks(await server.Client.GetByteArrayAsync("/access/v1/jwks.json", TestContext.Current.CancellationToken));
        var valid = Assert.IsType<ReceiptResult.Valid>(verifier.Verify(json.GetProperty("context").GetProperty("receipt").GetString()!, new ReceiptExpectation(Issuer)));
        Assert.Equal([true, false], valid.Statement.Decisions.Select(d => d.IsPermitted));
    }

    private static string Body(System.Security.Cryptography.X509Certificates.X509Certificate2 agent, string name, string? context = null) =>
        $$$$"""{"subject":{{{{AuthZenServer.Subject(agent, name)}}}},"action":{"name":"read"},"resource":{"type":"record","id":"1"}{{{{(context is null ? "" : ",\"context\":" + context)}}}}}""";
}
