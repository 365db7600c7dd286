namespace AgentPki.Protocols.Tests.Admin;

/// <summary>For an operation that the table gives owners for their own: a call about their own, and one about another's.</summary>
/// <param name="Listed">For lists: what must stand in the answer, and what must not. Then the calls are one.</param>
internal sealed record OwnCase(string Own, string? OwnBody, string Foreign, string? ForeignBody, (string Own, string Foreign)? Listed = null)
{
    public static OwnCase List(string path, string own, string foreign) => new(path, null, path, null, (own, foreign));

    public static OwnCase Call(string own, string foreign) => new(own, null, foreign, null);

    public static OwnCase Post(string path, string own, string foreign) => new(path, own, path, foreign);
}

/// <summary>Two owners, and the same things of each.</summary>
internal sealed class OwnCases(MatrixServer server)
{
    /// <summary>By operation. An operation with <c>own</c> in the table and no case here fails.</summary>
    public IReadOnlyDictionary<string, OwnCase> All { get; } = new Dictionary<string, OwnCase>(StringComparer.Ordinal)
    {
        ["listCertificates"] = OwnCase.List("certificates", server.Mine.Serial, server.Theirs.Serial),
        ["getCertificate"] = OwnCase.Call($"certificates/issuing/{server.Mine.Serial}", $"certificates/issuing/{server.Theirs.Serial}"),
        ["listAgents"] = OwnCase.List("agents", server.Mine.Agent, server.Theirs.Agent),
        ["setAgentState"] = OwnCase.Post("agents/state", State(server.Mine.Agent), State(server.Theirs.Agent)),
        ["setAgentParent"] = OwnCase.Post("agents/parent", $$"""{"id":"{{server.Mine.Agent}}"}""", $$"""{"id":"{{server.Mine.Agent}}","parent":"{{server.Theirs.Agent}}"}"""),
        ["exportAgents"] = OwnCase.List("agents/export", server.Mine.Agent, server.Theirs.Agent),
        ["applyAgents"] = OwnCase.Post("agents/apply", Apply(server.Mine.Agent, MatrixServer.MyOwner), Apply(server.Theirs.Agent, MatrixServer.TheirOwner)),
        ["reviewAgent"] = OwnCase.Post("agents/review", $$"""{"id":"{{server.Mine.Agent}}"}""", $$"""{"id":"{{server.Theirs.Agent}}"}"""),
        ["getAgentTree"] = OwnCase.Call($"agents/tree?id={Uri.EscapeDataString(server.Mine.Agent)}", $"agents/tree?id={Uri.EscapeDataString(server.Theirs.Agent)}"),
        ["limitAgents"] = OwnCase.Post("agents/limit", $$"""{"id":"{{server.Mine.Agent}}","yaml":"scopes: [bills.read:a/*]"}""", $$"""{"id":"{{server.Theirs.Agent}}","yaml":"delegation_depth: 0"}"""),
        ["listOwners"] = OwnCase.List("owners", MatrixServer.MyOwner, MatrixServer.TheirOwner),
        ["revoke"] = OwnCase.Post("revocations", $$"""{"owner":"{{MatrixServer.MyOwner}}","reason":"superseded","profile":"agent-short"}""", $$"""{"profile":"agent-short","reason":"superseded"}"""),
        ["previewRevocation"] = OwnCase.Post("revocations/preview", $$"""{"serial":"{{server.Mine.Serial}}"}""", $$"""{"serial":"{{server.Theirs.Serial}}"}"""),
        ["releaseRevocation"] = OwnCase.Post("revocations/release", $$"""{"agent":"{{server.Mine.Agent}}"}""", $$"""{"agent":"{{server.Theirs.Agent}}"}"""),
        ["listCredentials"] = OwnCase.List("credentials", server.Mine.Credential, server.Theirs.Credential),
        ["createCredential"] = OwnCase.Post("credentials", $$"""{"owner":"{{MatrixServer.MyOwner}}"}""", $$"""{"owner":"{{MatrixServer.TheirOwner}}"}"""),
        ["revokeCredential"] = OwnCase.Call($"credentials/{server.Mine.Credential}", $"credentials/{server.Theirs.Credential}"),
        ["listAcmeKeys"] = OwnCase.List("acme/keys", server.Mine.AcmeKey, server.Theirs.AcmeKey),
        ["createAcmeKey"] = OwnCase.Post("acme/keys", AcmeKey(MatrixServer.MyOwner), AcmeKey(MatrixServer.TheirOwner)),
        ["revokeAcmeKey"] = OwnCase.Call($"acme/keys/{server.Mine.AcmeKey}", $"acme/keys/{server.Theirs.AcmeKey}"),
        ["listRequests"] = OwnCase.List("requests", server.Mine.Request, server.Theirs.Request),
        ["getRequest"] = OwnCase.Call($"requests/{server.Mine.Request}", $"requests/{server.Theirs.Request}"),
        ["listWatchResponses"] = OwnCase.List("watch/responses", server.Mine.Response, server.Theirs.Response),
        ["getWatchResponse"] = OwnCase.Call($"watch/responses/{server.Mine.Response}", $"watch/responses/{server.Theirs.Response}"),
        ["listAcmeAccounts"] = OwnCase.List("acme/accounts", server.Mine.Account, server.Theirs.Account),
        ["revokeAcmeAccount"] = OwnCase.Call($"acme/accounts/{server.Mine.Account}", $"acme/accounts/{server.Theirs.Account}"),
    };

    private static string Apply(string agent, string owner) => $$"""{"yaml":"agent: {{agent}}\nowner: {{owner}}\ntier: medium\npurpose: by its owner\npolicy: {scopes: [\"bills.read:**\"]}\n"}""";

    private static string State(string agent) => $$"""{"id":"{{agent}}","state":"active"}""";

    private static string AcmeKey(string owner) => $$"""{"owner":"{{owner}}","names":["*.{{owner}}.test"]}""";
}
