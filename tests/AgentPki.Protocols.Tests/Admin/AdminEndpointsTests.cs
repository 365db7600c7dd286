using System.Net;
using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Protocols.Tests.Admin;

public sealed class AdminEndpointsTests
{
    private static readonly AdminJson Json = AdminJson.Default;

    [Fact]
    public async Task Status_OfAReadyAppliance_SaysSo()
    {
        await using var admin = await AdminServer.StartAsync();
        var status = await admin.GetAsync("status", Json.StatusView);
        Assert.Equal(("1.2.3", TestAuthority.TrustDomain, true), (status.Version, status.TrustDomain, status.Ready));
        Assert.Empty(status.Reasons);
        Assert.True(status.LedgerSize > 0);
        var health = await admin.GetAsync("health", Json.HealthView);
        Assert.True(health.Healthy);
        Assert.Contains(health.Checks, c => c.Name == "ca issuing");
    }

    [Fact]
    public async Task Authorities_ShowWhatTheirKeysAreKeptIn()
    {
        await using var admin = await AdminServer.StartAsync();
        await admin.Authority.AgentAsync("agent-1"); // the issuing key is opened
        var authorities = (await admin.GetAsync("authorities", Json.AuthoritiesView)).Authorities;
        Assert.Equal(["root", "issuing"], authorities.Select(a => a.Name));
        Assert.Equal("software", authorities[1].KeyProtection);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----\n", authorities[1].Pem, StringComparison.Ordinal);
        Assert.Contains((await admin.GetAsync("profiles", Json.ProfilesView)).Profiles, p => p is { Name: "agent", IsDefault: true, Validity: 86400, ServerKeyGeneration: true, RelatedCertificates: false });
        Assert.Equal(["agent-related"], (await admin.GetAsync("profiles", Json.ProfilesView)).Profiles.Where(p => p.RelatedCertificates).Select(p => p.Name));
    }

    [Fact]
    public async Task Certificates_AreListedFoundAndRevoked()
    {
        await using var admin = await AdminServer.StartAsync();
        var (certificate, _) = await admin.Authority.AgentAsync("agent-1");
        var listed = Assert.Single((await admin.GetAsync($"certificates?agent={Uri.EscapeDataString(certificate.SpiffeId!.ToString())}", Json.CertificatesView)).Certificates);
        Assert.Equal((certificate.SerialHex, CertificateState.Good, null), (listed.Serial, listed.State, listed.Pem));
        Assert.Equal(listed, Assert.Single((await admin.GetAsync($"certificates?serial={certificate.SerialHex}", Json.CertificatesView)).Certificates) with { Names = listed.Names });

        var colons = string.Join(':', certificate.SerialHex.Chunk(2).Select(pair => new string(pair).ToUpperInvariant()));
        var done = await admin.PostAsync("revocations", $$"""{"serial":"{{colons}}","reason":"keyCompromise"}""", Json.RevocationView);
        Assert.Equal((1, 0), (done.Revoked, done.AlreadyRevoked));
        var found = await admin.GetAsync($"certificates/issuing/{certificate.SerialHex}", Json.CertificateView);
        Assert.Equal((CertificateState.Revoked, RevocationReason.KeyCompromise), (found.State, found.Reason));
        Assert.Contains("BEGIN CERTIFICATE", found.Pem, StringComparison.Ordinal);

        var again = await admin.PostAsync("revocations", $$"""{"certificate":"{{Convert.ToBase64String(certificate.Der.Span)}}"}""", Json.RevocationView);
        Assert.Equal((0, 1, done.Epoch), (again.Revoked, again.AlreadyRevoked, again.Epoch));
        Assert.Contains(await EntriesAsync(admin), e => e is { Kind: LedgerEntryKind.CertificateRevoked, Actor: AdminServer.Actor });
    }

    [Fact]
    public async Task AgentState_SuspendedActivatedRetired_IsRecordedAndRetiredIsForGood()
    {
        await using var admin = await AdminServer.StartAsync();
        var (certificate, _) = await admin.Authority.AgentAsync("agent-1");
        var id = certificate.SpiffeId!.ToString();
        foreach (var state in (AgentState[])[AgentState.Suspended, AgentState.Active, AgentState.Retired])
        {
            var word = state.ToString().ToLowerInvariant();
            Assert.Equal(state, (await admin.PostAsync("agents/state", $$"""{"id":"{{id}}","state":"{{word}}"}""", Json.AgentView)).State);
        }

        Assert.Equal(3, (await EntriesAsync(admin)).Count(e => e is { Kind: LedgerEntryKind.AgentStateChanged, Actor: AdminServer.Actor }));
        await admin.RefusedAsync(HttpMethod.Post, "agents/state", $$"""{"id":"{{id}}","state":"active"}""", HttpStatusCode.Conflict);
        await admin.RefusedAsync(HttpMethod.Post, "agents/state", """{"id":"spiffe://agents.example/agent/nobody","state":"active"}""", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Revocations_Selected_ArePreviewedHeldReleasedAndListed()
    {
        await using var admin = await AdminServer.StartAsync();
        var credential = await admin.Authority.CredentialAsync();
        var (parent, _) = await admin.Authority.AgentAsync("agent-1", credential);
        var (child, _) = await admin.Authority.AgentAsync("agent-2", credential);
        var tree = await admin.PostAsync("agents/parent", $$"""{"id":"{{child.SpiffeId}}","parent":"{{parent.SpiffeId}}"}""", Json.AgentView);
        Assert.Equal(parent.SpiffeId!.ToString(), tree.Parent);
        await admin.RefusedAsync(HttpMethod.Post, "agents/parent", $$"""{"id":"{{parent.SpiffeId}}","parent":"{{child.SpiffeId}}"}""", HttpStatusCode.Conflict);

        var family = $$"""{"agent":"{{parent.SpiffeId}}","withDescendants":true,"reason":"certificateHold"}""";
        var preview = await admin.PostAsync("revocations/preview", family, Json.SelectionView);
        Assert.Equal((2, 2, 2, false), (preview.Certificates, preview.Agents, preview.AgentsLeftWithout, preview.NeedsConfirmation));
        var held = await admin.PostAsync("revocations", family, Json.RevocationView);
        Assert.Equal((2, 2), (held.Revoked, held.Agents));
        var released = await admin.PostAsync("revocations/release", family, Json.RevocationView);
        Assert.Equal((2, 2, held.Epoch + 1), (released.Revoked, released.Agents, released.Epoch));

        var events = (await admin.GetAsync($"revocations?after={held.Epoch - 1}", Json.RevocationEventsView)).Events;
        Assert.Equal([(RevocationEventKind.Revoked, 0L), (RevocationEventKind.Released, 2L)], events.Select(e => (e.Kind, e.Kind == RevocationEventKind.Released ? e.Certificates : 0)));
        Assert.All(events, e => Assert.Equal($"agent-and-descendants={parent.SpiffeId}", e.Selector));
        await admin.RefusedAsync(HttpMethod.Get, "revocations?after=x", null, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Revocations_OfAnAgent_SuspendIt()
    {
        await using var admin = await AdminServer.StartAsync();
        var (certificate, _) = await admin.Authority.AgentAsync("agent-1");
        var id = certificate.SpiffeId!.ToString();
        Assert.Equal(1, (await admin.PostAsync("revocations", $$"""{"agent":"{{id}}","reason":"cessationOfOperation","then":"retired"}""", Json.RevocationView)).Revoked);
        Assert.Equal(AgentState.Retired, Assert.Single((await admin.GetAsync($"agents?id={Uri.EscapeDataString(id)}", Json.AgentsView)).Agents).State);
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"serial":"xyz"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"serial":"01","agent":"spiffe://agents.test/a"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"certificate":"AAAA"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"certificate":"AAAA","owner":"a"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"withDescendants":true,"owner":"a"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"agentsUnder":"spiffe://agents.test/a"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"key":"abc"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"owner":"a","invalidSince":"2999-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest)]

    [InlineData("""{"serial":"0102"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"serial":"0102","authority":"issuing"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"agent":"spiffe://agents.test/nobody"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"agent":"spiffe://agents.test/nobody","reason":"removeFromCrl"}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("""{"agent":"spiffe://agents.test/nobody","reason":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"agent":"spiffe://agents.test/nobody","reson":"keyCompromise"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"agent":"a","agent":"b"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"agent":"a"} {}""", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("null", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task Revocations_ThatCannotBe_AreRefusedAndRecorded(string json, HttpStatusCode status)
    {
        await using var admin = await AdminServer.StartAsync();
        var problem = await admin.RefusedAsync(HttpMethod.Post, "revocations", json, status);
        var entry = (await EntriesAsync(admin))[^1];
        Assert.Equal((LedgerEntryKind.AdminRefused, AdminServer.Actor), (entry.Kind, entry.Actor));
        Assert.Equal(problem.CorrelationId, entry.Details!["correlation"]);
    }

    [Fact]
    public async Task Credentials_AreMadeUsedListedAndEnded()
    {
        await using var admin = await AdminServer.StartAsync();
        var made = await admin.PostAsync("credentials", """{"name":"team-a","owner":"Team A","profiles":["agent"],"lifetime":600}""", Json.CreatedCredentialView);
        Assert.Equal(("team-a", 1, 0), (made.Credential.Name, made.Credential.MaxUses, made.Credential.Uses));
        Assert.DoesNotContain(made.Secret, made.ToString(), StringComparison.Ordinal);
        await admin.Authority.AgentAsync("agent-1", new Requester.Credential("team-a", made.Secret));

        using var list = await admin.Client.GetAsync("credentials", TestContext.Current.CancellationToken);
        var text = await list.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(made.Secret, text, StringComparison.Ordinal);
        Assert.Contains("\"uses\":1", text, StringComparison.Ordinal);
        Assert.DoesNotContain((await EntriesAsync(admin)).SelectMany(e => e.Details ?? new Dictionary<string, string>()), d => d.Value.Contains(made.Secret, StringComparison.Ordinal));

        using var ended = await admin.Client.DeleteAsync("credentials/team-a", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.NotNull(Assert.Single((await admin.GetAsync("credentials", Json.CredentialsView)).Credentials, c => c.Name == "team-a").Revoked);
        await admin.RefusedAsync(HttpMethod.Delete, "credentials/nobody", null, HttpStatusCode.NotFound);
        await admin.RefusedAsync(HttpMethod.Post, "credentials", """{"name":"team-a","owner":"x"}""", HttpStatusCode.Conflict);
        await admin.RefusedAsync(HttpMethod.Post, "credentials", """{"owner":"x","maxUses":-1}""", HttpStatusCode.BadRequest);
        await admin.RefusedAsync(HttpMethod.Post, "credentials", """{"owner":null}""", HttpStatusCode.BadRequest);
        Assert.Null((await admin.PostAsync("credentials", """{"owner":"x","maxUses":0}""", Json.CreatedCredentialView)).Credential.MaxUses);
    }

    [Fact]
    public async Task Approvals_AreDecidedOnce()
    {
        await using var admin = await AdminServer.StartAsync();
        using var key = new KeyHolder(await TestAuthority.KeyAsync());
        var request = await TestAuthority.RequestAsync(key.Key, "agent-9");
        Assert.IsType<EnrollmentOutcome.Pending>(await admin.Authority.EnrollAsync(request, new Requester.Stranger("192.0.2.1"), "agent-approval"));
        var waiting = Assert.Single((await admin.GetAsync("approvals?state=pending", Json.ApprovalsView)).Approvals);
        Assert.Contains("BEGIN CERTIFICATE REQUEST", (await admin.GetAsync($"approvals/{waiting.Id}", Json.ApprovalView)).Request, StringComparison.Ordinal);

        using var approved = await admin.Client.PostAsync($"approvals/{waiting.Id}/approve", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, approved.StatusCode);
        Assert.IsType<EnrollmentOutcome.Issued>(await admin.Authority.EnrollAsync(request, new Requester.Stranger("192.0.2.1"), "agent-approval"));
        await admin.RefusedAsync(HttpMethod.Post, $"approvals/{waiting.Id}/deny", null, HttpStatusCode.Conflict);
        await admin.RefusedAsync(HttpMethod.Post, "approvals/none/approve", null, HttpStatusCode.NotFound);
        await admin.RefusedAsync(HttpMethod.Get, "approvals?state=7", null, HttpStatusCode.BadRequest);
        Assert.Equal(ApprovalState.Issued, (await admin.GetAsync($"approvals/{waiting.Id}", Json.ApprovalView)).State);
    }

    [Fact]
    public async Task CertificateLists_Regenerated_HaveTheNextNumber()
    {
        await using var admin = await AdminServer.StartAsync();
        var first = await admin.PostAsync("certificate-lists/issuing", "", Json.CertificateListView);
        var second = await admin.PostAsync("certificate-lists/issuing", "", Json.CertificateListView);
        Assert.Equal(first.Number + 1, second.Number);
        await admin.RefusedAsync(HttpMethod.Post, "certificate-lists/nobody", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Audit_Proofs_Verify()
    {
        await using var admin = await AdminServer.StartAsync();
        await admin.Authority.AgentAsync("agent-1");
        var checkpoint = await admin.PostAsync("audit/checkpoint", "", Json.CheckpointView);
        await admin.Authority.AgentAsync("agent-2");
        var head = await admin.GetAsync("audit/head", Json.LedgerHeadView);
        Assert.True(head.Size > checkpoint.Size);
        Assert.Equal(checkpoint, await admin.GetAsync("audit/checkpoint", Json.CheckpointView));

        for (var index = 0L; index < head.Size; index++)
        {
            var proof = await admin.GetAsync($"audit/entries/{index}/proof", Json.InclusionProofView);
            var entry = await admin.GetAsync($"audit/entries/{index}", Json.LedgerEntryView);
            Assert.Equal(MerkleTree.HashLeaf(Convert.FromBase64String(entry.Leaf)).ToBase64(), proof.LeafHash);
            Assert.True(MerkleTree.VerifyInclusion(Hash(proof.LeafHash), index, head.Size, [.. proof.Proof.Select(Hash)], Hash(head.Root)));
        }

        var grown = await admin.GetAsync($"audit/consistency?first={checkpoint.Size}&second={head.Size}", Json.ConsistencyProofView);
        Assert.Equal(checkpoint.Root, grown.FirstRoot);
        Assert.True(MerkleTree.VerifyConsistency(grown.First, Hash(grown.FirstRoot), grown.Second, Hash(head.Root), [.. grown.Proof.Select(Hash)]));
        await admin.RefusedAsync(HttpMethod.Get, "audit/entries/999999/proof", null, HttpStatusCode.NotFound);
        await admin.RefusedAsync(HttpMethod.Get, "audit/entries/0/proof?size=999999", null, HttpStatusCode.BadRequest);
        await admin.RefusedAsync(HttpMethod.Get, "audit/consistency?second=1", null, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Entries_AreReadInPages()
    {
        await using var admin = await AdminServer.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await admin.Authority.AgentAsync($"agent-{i}");
        }

        var page = await admin.GetAsync("audit/entries?from=2&limit=3", Json.LedgerEntriesView);
        Assert.Equal([2L, 3L, 4L], page.Entries.Select(e => e.Index));
        var newest = await admin.GetAsync("audit/entries?limit=2", Json.LedgerEntriesView);
        Assert.Equal([page.Size - 2, page.Size - 1], newest.Entries.Select(e => e.Index));
        await admin.RefusedAsync(HttpMethod.Get, "audit/entries?limit=0", null, HttpStatusCode.BadRequest);
        await admin.RefusedAsync(HttpMethod.Get, "audit/entries?limit=x", null, HttpStatusCode.BadRequest);
        await admin.RefusedAsync(HttpMethod.Get, "certificates?limit=10001", null, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Stranger_ByAnotherDoor_IsRefusedEverything()
    {
        await using var admin = await AdminServer.StartAsync();
        using var stranger = admin.Stranger;
        using var answer = await stranger.GetAsync("/admin/v1/status", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        await admin.Authority.Services.Audit.FlushAsync(TestContext.Current.CancellationToken);
        var entry = (await EntriesAsync(admin))[^1];
        Assert.Equal((LedgerEntryKind.RefusalsAggregated, "1"), (entry.Kind, entry.Details![$"count.{nameof(PkiProblemKind.Unauthenticated)}"]));
    }

    [Fact]
    public async Task Method_ThatIsNotThere_Is405()
    {
        await using var admin = await AdminServer.StartAsync();
        using var answer = await admin.Client.PutAsync("credentials", null, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET POST"), (answer.StatusCode, string.Join(" ", answer.Content.Headers.Allow)));
        using var nothing = await admin.Client.GetAsync("nothing", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
    }

    private static async Task<IReadOnlyList<LedgerEntryView>> EntriesAsync(AdminServer admin) => (await admin.GetAsync("audit/entries?limit=1000", Json.LedgerEntriesView)).Entries;

    private static MerkleHash Hash(string base64) => new(Convert.FromBase64String(base64));

    private sealed class KeyHolder(Cryptography.ISigningKey key) : IDisposable
    {
        public Cryptography.ISigningKey Key { get; } = key;

        public void Dispose() => Key.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
