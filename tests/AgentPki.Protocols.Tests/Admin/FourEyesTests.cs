using System.Net;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Protocols.Admin;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>What is dangerous waits for a second person, and is then done once, as it was asked for.</summary>
public sealed class FourEyesTests
{
    [Fact]
    public async Task Add_AskedByOne_ApprovedByAnother_IsDoneAsBoth()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var body = $$"""{"name":"carol","roles":["auditor"],"request":{{await PeopleServer.RequestPemAsync("carol")}}}""";
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "administrators?comment=she%20is%20new", body);
        Assert.Equal((AdminRequestState.Pending, "alice", "she is new", body), (request.State, request.Requester.Name, request.Comment, request.Body));
        Assert.Equal(AdminRequestRecord.DigestOf("POST", "/administrators?comment=she%20is%20new", System.Text.Encoding.UTF8.GetBytes(body)), request.Sha256);
        Assert.Equal(2, (await server.GetAsync("bob", "administrators", AdminJson.Default.AdministratorsView)).Administrators.Count);

        await server.RefusedAsync("alice", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", HttpStatusCode.Forbidden, "asked for himself");
        await server.RefusedAsync("bob", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{new string('0', 64)}}"}""", HttpStatusCode.Conflict, "what you saw is not what waits");
        var done = await server.ApproveAsync("bob", request);
        Assert.Equal((AdminRequestState.Done, "bob"), (done.State, done.DecidedBy?.Name));
        var made = System.Text.Json.JsonSerializer.Deserialize(done.Outcome!, AdminJson.Default.AdministratorCertificateView)!;
        Assert.Equal("carol", made.Name);
        server.Knows("carol", Certificate.Parse(System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(made.Pem).RawData));
        Assert.Equal(["auditor"], (await server.GetAsync("carol", "me", AdminJson.Default.CallerView)).Roles);

        await server.RefusedAsync("bob", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", HttpStatusCode.Conflict, "done already");
        var entries = (await server.GetAsync("alice", "audit/entries?limit=1000", AdminJson.Default.LedgerEntriesView)).Entries.Where(e => e.Details?.GetValueOrDefault("correlation") == request.Id).ToList();
        Assert.Equal(
            [(LedgerEntryKind.AdminRequestMade, "admin:alice"), (LedgerEntryKind.AdminRequestDecided, "admin:bob"), (LedgerEntryKind.AdministratorAdded, "admin:alice+bob"), (LedgerEntryKind.CertificateIssued, "admin:alice+bob"), (LedgerEntryKind.AdminRequestExecuted, "admin:alice+bob")],
            entries.Select(e => (e.Kind, e.Actor!)));
    }

    [Theory]
    [InlineData("""{"name":"carol","roles":["auditor"],"request":"no pem"}""", "PKCS#10")]
    [InlineData("""{"name":"a1ice","roles":["emperor"],"request":""}""", "roles are")]
    [InlineData("""{"name":"carol","roles":["auditor"]}""", "not what this operation takes")]
    [InlineData("""{"name":"carol","roles":["auditor"],"request":"x","more":1}""", "not what this operation takes")]
    [InlineData("{", "not what this operation takes")]
    public async Task Add_ThatCannotBe_IsRefusedAndWaitsForNobody(string body, string says)
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        await server.RefusedAsync("alice", HttpMethod.Post, "administrators", body, HttpStatusCode.BadRequest, says);
        await server.RefusedAsync("alice", HttpMethod.Post, $"successions/x/switch?comment={new string('a', 3000)}", null, HttpStatusCode.RequestEntityTooLarge, "at most");
        await server.RefusedAsync("alice", HttpMethod.Post, "successions/x/switch?comment=a%0Ab", null, HttpStatusCode.BadRequest, "one line");
        Assert.Empty((await server.GetAsync("bob", "requests", AdminJson.Default.AdminRequestsView)).Requests);
    }

    [Fact]
    public async Task Request_WhoseRequesterOrApproverIsGone_IsRefusedAtTheStart()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob", "carol", "dave");
        var (first, second) = (await server.WaitsAsync("alice", HttpMethod.Post, "successions/issuing/switch"), await server.WaitsAsync("bob", HttpMethod.Post, "successions/issuing/switch"));

        // Approved, and killed before anything began; meanwhile one lost his certificate.
        await ApproveOnlyAsync(server, first, "bob");
        await ApproveOnlyAsync(server, second, "carol");
        await RevokeAsync(server, "bob");
        await AdminEndpoints.ResumeAsync(server.Services, default);
        foreach (var (request, says) in new[] { (first, "whoever approved it"), (second, "whoever asked for it") })
        {
            var refused = await server.GetAsync("alice", $"requests/{request.Id}", AdminJson.Default.AdminRequestView);
            Assert.Equal(AdminRequestState.Refused, refused.State);
            Assert.Contains(says, refused.Outcome, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Request_OfOneWhoLostHisRole_IsRefused()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob", "carol");
        var request = await server.WaitsAsync("carol", HttpMethod.Post, "successions/issuing/switch");
        var demotion = await server.WaitsAsync("alice", HttpMethod.Post, "administrators/carol/roles", """{"roles":["auditor"]}""");
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("bob", demotion)).State);
        Assert.Equal(AdminRequestState.Refused, (await server.ApproveAsync("bob", request)).State);
        await server.RefusedAsync("carol", HttpMethod.Post, "successions/issuing/switch", null, HttpStatusCode.Forbidden, "carol has auditor");
    }

    [Fact]
    public async Task Resume_ApprovedAndNotBegun_IsRunOnce()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "administrators", $$"""{"name":"carol","roles":["auditor"],"request":{{await PeopleServer.RequestPemAsync("carol")}}}""");
        await ApproveOnlyAsync(server, request, "bob");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AdminEndpoints.ResumeAsync(server.Services, default).AsTask()));
        Assert.Equal(AdminRequestState.Done, (await server.GetAsync("bob", $"requests/{request.Id}", AdminJson.Default.AdminRequestView)).State);
        Assert.Single((await server.GetAsync("bob", "audit/entries?limit=1000", AdminJson.Default.LedgerEntriesView)).Entries, e => e.Kind == LedgerEntryKind.CertificateIssued && e.Details?.GetValueOrDefault("correlation") == request.Id);
    }

    [Fact]
    public async Task Resume_Begun_IsClosedAndNeverBegunAgain()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "administrators", $$"""{"name":"carol","roles":["auditor"],"request":{{await PeopleServer.RequestPemAsync("carol")}}}""");
        await ApproveOnlyAsync(server, request, "bob");
        Assert.True(await server.Authority.Services.AdminRequests.BeginAsync(request.Id));
        await AdminEndpoints.ResumeAsync(server.Services, default);
        await AdminEndpoints.ResumeAsync(server.Services, default);
        var interrupted = await server.GetAsync("bob", $"requests/{request.Id}", AdminJson.Default.AdminRequestView);
        Assert.Equal(AdminRequestState.Interrupted, interrupted.State);
        Assert.Contains("nothing of it is in the ledger", interrupted.Outcome, StringComparison.Ordinal);
        Assert.Equal(2, (await server.GetAsync("bob", "administrators", AdminJson.Default.AdministratorsView)).Administrators.Count);
    }

    [Fact]
    public async Task Resume_AfterItsTime_IsRefused()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "successions/issuing/switch");
        await ApproveOnlyAsync(server, request, "bob");
        server.Authority.Time.Turn(TimeSpan.FromDays(4));
        await AdminEndpoints.ResumeAsync(server.Services, default);
        var refused = await server.GetAsync("bob", $"requests/{request.Id}", AdminJson.Default.AdminRequestView);
        Assert.Equal((AdminRequestState.Refused, "its time was over before it was begun"), (refused.State, refused.Outcome));
    }

    [Fact]
    public async Task Revoke_AboveTheLimit_Waits_BelowItDoesNot()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var credential = await server.Authority.CredentialAsync(owner: "team-a");
        for (var i = 0; i < 101; i++)
        {
            var (_, key) = await server.Authority.AgentAsync($"agent-{i}", credential);
            await key.DisposeAsync();
        }

        const string All = """{"owner":"team-a","reason":"certificateHold","confirmed":101}""";
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "revocations", All);
        Assert.Equal(0, (await server.GetAsync("alice", "status", AdminJson.Default.StatusView)).RevocationEpoch);
        var held = await server.ApproveAsync("bob", request);
        Assert.True(held.State == AdminRequestState.Done, held.Outcome);
        Assert.Equal(101, System.Text.Json.JsonSerializer.Deserialize(held.Outcome!, AdminJson.Default.RevocationView)!.Revoked);

        var release = await server.WaitsAsync("bob", HttpMethod.Post, "revocations/release", All);
        Assert.Equal(AdminRequestState.Done, (await server.ApproveAsync("alice", release)).State);
        var one = await server.DoneAsync("alice", HttpMethod.Post, "revocations", $$"""{"agent":"spiffe://{{Testing.Fixtures.TestAuthority.TrustDomain}}/agent/agent-1","reason":"certificateHold","confirmed":100000}""", AdminJson.Default.RevocationView);
        Assert.Equal(1, one.Revoked);

        // Many small ones are one large one: her limit is what she took within the hour; his is his own.
        await server.WaitsAsync("alice", HttpMethod.Post, "revocations", All);
        Assert.Equal(100, (await server.DoneAsync("bob", HttpMethod.Post, "revocations", All, AdminJson.Default.RevocationView)).Revoked);
    }

    [Fact]
    public async Task Cancel_AndReject_EndIt()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var (one, other) = (await server.WaitsAsync("alice", HttpMethod.Post, "successions/issuing/switch"), await server.WaitsAsync("alice", HttpMethod.Post, "successions/issuing/finish"));
        await server.RefusedAsync("bob", HttpMethod.Post, $"requests/{one.Id}/cancel", null, HttpStatusCode.Forbidden, "only alice cancels it");
        Assert.Equal(AdminRequestState.Cancelled, (await server.DoneAsync("alice", HttpMethod.Post, $"requests/{one.Id}/cancel", null, AdminJson.Default.AdminRequestView)).State);
        var rejected = await server.DoneAsync("bob", HttpMethod.Post, $"requests/{other.Id}/reject", """{"comment":"not today"}""", AdminJson.Default.AdminRequestView);
        Assert.Equal((AdminRequestState.Rejected, "not today"), (rejected.State, rejected.DecisionComment));
        Assert.Empty((await server.GetAsync("bob", "requests?state=pending", AdminJson.Default.AdminRequestsView)).Requests);
        await server.RefusedAsync("bob", HttpMethod.Get, "requests?state=7", null, HttpStatusCode.BadRequest, "must be one of pending");
        await server.RefusedAsync("bob", HttpMethod.Get, "requests/none", null, HttpStatusCode.NotFound, "no request of that id");
    }

    [Fact]
    public async Task Socket_OfADevelopmentHomeWithFourEyes_Asks_AndIsNoSecondPerson()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var request = await server.WaitsAsync("socket", HttpMethod.Post, "acme/incidents", """{"all":true,"reason":"a reason","lifetime":60}""");
        await server.RefusedAsync("socket", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", HttpStatusCode.Forbidden, "known by his certificate");

        // In a production home nobody is anybody by the socket: what one asked there once is done no more.
        Assert.Equal(AdminRequestState.Refused, (await server.ApproveAsync("alice", request)).State);
    }

    [Fact]
    public async Task Profile_New_IsWrittenWhenApproved_Wrong_WaitsForNobody()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var yaml = server.Profiles.Files["agent-short.yaml"].Replace("labels: [agent-short]", "labels: [tiny]", StringComparison.Ordinal).Replace("name: agent-short", "name: agent-tiny", StringComparison.Ordinal);
        var body = System.Text.Json.JsonSerializer.Serialize(new ApplyProfileCommand("agent-tiny.yaml", yaml), AdminJson.Default.ApplyProfileCommand);
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "profiles", body);
        Assert.DoesNotContain("agent-tiny.yaml", server.Profiles.Files.Keys);
        var done = await server.ApproveAsync("bob", request);
        Assert.True(done.State == AdminRequestState.Done, done.Outcome);
        Assert.Equal(yaml, server.Profiles.Files["agent-tiny.yaml"]);
        var approved = Assert.Single(await server.Authority.Services.ApprovedFiles.ListAsync(default));
        Assert.Equal(ApprovedFiles.DigestOf(approved.Text), (await server.GetAsync("bob", "audit/entries?limit=1000", AdminJson.Default.LedgerEntriesView)).Entries.Single(e => e.Kind == LedgerEntryKind.FileApproved).Details!["digest"]);
        Assert.Empty(ApprovedFiles.Differences([approved], [("agent-tiny.yaml", approved.Text)]));
        Assert.Equal(3, ApprovedFiles.Differences([approved, approved with { Name = "gone.yaml" }], [("agent-tiny.yaml", [1]), ("new.yaml", [2])]).Count);

        foreach (var (file, text, says) in new[] { ("../x.yaml", yaml, "file's name"), (".yaml", yaml, "file's name"), ("x.yaml", "name: [", "profile is wrong"), ("agent-tiny.yaml", yaml.Replace("issuer: issuing", "issuer: nobody", StringComparison.Ordinal), "no CA 'nobody'") })
        {
            var wrong = System.Text.Json.JsonSerializer.Serialize(new ApplyProfileCommand(file, text), AdminJson.Default.ApplyProfileCommand);
            var (status, answer) = await server.CallAsync("alice", HttpMethod.Post, "profiles", wrong);
            Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity && System.Text.RegularExpressions.Regex.Unescape(answer).Contains(says, StringComparison.OrdinalIgnoreCase), $"{status} {answer}");
        }
    }

    [Fact]
    public async Task Renewal_OfOnesOwnCertificate_WaitsForAnOfficer()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var request = await server.WaitsAsync("alice", HttpMethod.Post, "me/certificates", $$"""{"request":{{await PeopleServer.RequestPemAsync("whoever")}}}""");
        var done = await server.ApproveAsync("bob", request);
        Assert.Equal("alice", System.Text.Json.JsonSerializer.Deserialize(done.Outcome!, AdminJson.Default.AdministratorCertificateView)!.Name);
        Assert.Equal(2, (await server.GetAsync("bob", "administrators/alice", AdminJson.Default.AdministratorView)).Certificates!.Count);
    }

    [Fact]
    public async Task Browser_IsRefused()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        foreach (var (name, value) in new[] { ("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site") })
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "successions/issuing/switch");
            message.Headers.Add(name, value);
            message.Headers.Add("X-Test-Certificate", "alice");
            using var answer = await server.Admin.Client.SendAsync(message, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    /// <summary>The second person's yes alone, as if the appliance was killed right after it.</summary>
    private static async Task ApproveOnlyAsync(PeopleServer server, AdminRequestView request, string who)
    {
        var known = (AdminIdentification.Known)await server.Authority.Services.Administrators.AuthenticateAsync(server.CertificateOf(who), default);
        Assert.IsType<Outcome<AdminRequestRecord>.Done>(await server.Authority.Services.AdminRequests.ApproveAsync(request.Id, AdminRoles.All, request.Sha256, null, known.Caller, "test", default));
    }

    private static async Task RevokeAsync(PeopleServer server, string who) => Assert.IsType<Outcome<RevocationResult>.Done>(await server.Authority.Services.Revocations.RevokeAsync(
        new RevocationRequest(new RevocationTarget.OneCertificate(server.CertificateOf(who)), RevocationReason.Superseded, "test", "admin", "test", IncludeAppliance: true), default));
}
