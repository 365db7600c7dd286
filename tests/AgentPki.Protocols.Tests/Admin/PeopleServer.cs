using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The admin API in front of a whole authority with administrators; each call shows one's certificate, in a header instead of in TLS.</summary>
internal sealed class PeopleServer : IAsyncDisposable
{
    private const string Header = "X-Test-Certificate";
    private readonly Dictionary<string, Certificate> _certificates = new(StringComparer.Ordinal);

    private PeopleServer(AdminServer admin, MemoryFolder profiles) => (Admin, Profiles) = (admin, profiles);

    public AdminServer Admin { get; }

    public TestAuthority Authority => Admin.Authority;

    public MemoryFolder Profiles { get; }

    public AdminServices Services { get; private set; } = null!;

    /// <param name="names">Officers and CA and RA administrators.</param>
    public static Task<PeopleServer> StartAsync(params string[] names) => StartAsync(null, names);

    /// <param name="surroundings">Changes what the authority is built from.</param>
    public static async Task<PeopleServer> StartAsync(Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings, params string[] names)
    {
        var profiles = new MemoryFolder();
        PeopleServer? server = null;
        AdminServices? made = null;
        var admin = await AdminServer.StartAsync(services => made = services with
        {
            Caller = (context, token) => server!.IdentifyAsync(context.Request.Headers[Header].ToString(), token),
            Profiles = profiles,
        }, surroundings);
        server = new PeopleServer(admin, profiles) { Services = made! };
        var wanted = new List<NewAdministrator>();
        foreach (var name in names)
        {
            wanted.Add(new NewAdministrator(name, [AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator], [], await RequestAsync(name)));
        }

        var done = (Outcome<IReadOnlyList<AdministratorCertificate>>.Done)await server.Authority.Services.Governance.BootstrapAsync(wanted, alone: false, "ceremony", "test", default);
        foreach (var one in done.Value)
        {
            server._certificates.Add(one.Administrator.Name, one.Certificate);
        }

        return server;
    }

    public static async Task<byte[]> RequestAsync(string name)
    {
        await using var key = await TestAuthority.KeyAsync();
        return (await TestAuthority.RequestAsync(key, name)).Der.ToArray();
    }

    /// <summary>As a JSON string.</summary>
    public static async Task<string> RequestPemAsync(string name)
    {
        var der = await RequestAsync(name);
        return System.Text.Json.JsonSerializer.Serialize(PemEncoding.WriteString("CERTIFICATE REQUEST", der));
    }

    public Certificate CertificateOf(string name) => _certificates[name];

    public void Knows(string name, Certificate certificate) => _certificates[name] = certificate;

    public async Task<(HttpStatusCode Status, string Text)> CallAsync(string who, HttpMethod method, string path, string? json = null)
    {
        using var message = new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        message.Headers.Add(Header, who);
        using var answer = await Admin.Client.SendAsync(message, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<T> GetAsync<T>(string who, string path, JsonTypeInfo<T> type) => Read(await CallAsync(who, HttpMethod.Get, path), HttpStatusCode.OK, type);

    public async Task<T> DoneAsync<T>(string who, HttpMethod method, string path, string? json, JsonTypeInfo<T> type) => Read(await CallAsync(who, method, path, json), HttpStatusCode.OK, type);

    /// <summary>It waits for a second person.</summary>
    public async Task<AdminRequestView> WaitsAsync(string who, HttpMethod method, string path, string? json = null) => Read(await CallAsync(who, method, path, json), HttpStatusCode.Accepted, AdminJson.Default.AdminRequestView);

    public async Task<AdminRequestView> ApproveAsync(string who, AdminRequestView request) =>
        await DoneAsync(who, HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", AdminJson.Default.AdminRequestView);

    public async Task RefusedAsync(string who, HttpMethod method, string path, string? json, HttpStatusCode status, string says)
    {
        var (was, text) = await CallAsync(who, method, path, json);
        Assert.True(was == status && text.Contains(says, StringComparison.OrdinalIgnoreCase), $"{was} {text}");
    }

    public ValueTask DisposeAsync() => Admin.DisposeAsync();

    private async ValueTask<AdminIdentification> IdentifyAsync(string who, CancellationToken cancellationToken) =>
        _certificates.TryGetValue(who, out var certificate) ? await Authority.Services.Administrators.AuthenticateAsync(certificate, cancellationToken)
        : who == "socket" ? new AdminIdentification.Known(AdminCaller.Development(0, fourEyes: true))
        : new AdminIdentification.Unknown(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "nobody"));

    private static T Read<T>((HttpStatusCode Status, string Text) answer, HttpStatusCode status, JsonTypeInfo<T> type)
    {
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Text}");
        return System.Text.Json.JsonSerializer.Deserialize(answer.Text, type)!;
    }

    /// <summary>The default profiles, in memory.</summary>
    internal sealed class MemoryFolder : IProfileFolder
    {
        public ImmutableSortedDictionary<string, string> Files { get; private set; } =
            AgentPki.Authority.Profiles.ProfileCatalog.DefaultTexts().ToImmutableSortedDictionary(f => f.File, f => f.Yaml, StringComparer.Ordinal);

        public IReadOnlyList<(string File, string Yaml)> Read() => [.. Files.Select(f => (f.Key, f.Value))];

        public void Write(string file, ReadOnlySpan<byte> text) => Files = Files.SetItem(file, Encoding.UTF8.GetString(text));
    }
}
