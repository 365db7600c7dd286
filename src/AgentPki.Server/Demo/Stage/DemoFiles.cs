using System.Globalization;
using AgentPki.Server.Home;
using AgentPki.Server.Up;

namespace AgentPki.Server.Demo.Stage;

/// <summary>What lies in the home before the appliance starts, and what the operator registers: each as a person would write it.</summary>
internal static class DemoFiles
{
    internal const string Owner = "demo";
    internal const string Orchestrator = "orchestrator";
    internal const string Reader = "reader";
    internal const string Writer = "writer";

    /// <summary>Whom the story is about: everybody may read it, the reader not write it.</summary>
    internal const string Customer = "crm/customers/42";

    /// <summary>How many refusals in a minute the rule takes.</summary>
    internal const int RefusalsTaken = 30;

    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    // Less than their parent in time too.
    private static readonly TimeSpan ChildrenLast = TimeSpan.FromMinutes(30);

    /// <summary>The access token that the orchestrator's task needs.</summary>
    internal const string TaskScope = "read:crm/customers/* write:crm/customers/42";

    internal const string ReaderScope = "read:crm/customers/*";

    internal const string WriterScope = "read:crm/customers/42 write:crm/customers/42";

    internal const string Policies = """
        policies:
          - id: crm
            effect: permit
            description: The orchestrator and its children work with customers, each within what its own certificate allows.
            agents: {ids: [/agent/orchestrator, /agent/orchestrator/**]}
            actions: [read, write]
            resources: [crm/customers/*]

        """;

    // How much is too much of an agent that nobody knows yet, and what is done then.
    internal static readonly string Watch = string.Create(CultureInfo.InvariantCulture, $$"""
        detectors:
          refusals: {window: 1m, bound: {{RefusalsTaken}}}
        responses:
          low: {refusals: suspend}

        """);

    /// <summary>Makes the home as <c>up</c> does, and then says who is who, what is permitted, and what is done about too many refusals.</summary>
    internal static void Write(DemoPlace place, IReadOnlyDictionary<string, string> agentPrograms, Func<string, string?> variable)
    {
        var home = place.Home;
        HomeFolder.Prepare(home);
        _ = DevelopmentHome.Ensure(home, DefaultConfiguration.TrustDomain, kind: null, variable);

        // Tokens are for the tool service alone.
        const string Section = "\noauth:\n";
        var configuration = File.ReadAllText(home.ConfigurationFile);
        var at = configuration.IndexOf(Section, StringComparison.Ordinal) + Section.Length;
        PrivateFile.Write(home.ConfigurationFile, $"{configuration[..at]}  resources: [{{uri: {place.Tools.OriginalString}}}]\n{configuration[at..]}");

        PrivateFile.Write(home.WorkloadEntries, Entries(agentPrograms));
        Directory.CreateDirectory(home.Policies);
        PrivateFile.Write(Path.Combine(home.Policies, "crm.yaml"), Policies);
        PrivateFile.Write(home.WatchRules, Watch);
    }

    /// <summary>What is registered of the orchestrator (docs/registry.md).</summary>
    internal static string Agent(DateTimeOffset now) => $$"""
        agent: spiffe://{{DefaultConfiguration.TrustDomain}}/agent/{{Orchestrator}}
        owner: {{Owner}}
        tier: low
        purpose: Answers customers' questions, and has children for the single steps
        policy:
          scopes: ["read:crm/**", "write:crm/customers/*"]
          not_after: "{{End(now + Lasts)}}"
          delegation_depth: 1

        """;

    /// <summary>What the reader may do at most.</summary>
    internal static string ReaderPolicy(DateTimeOffset now) => Policy(ReaderScope, now);

    /// <summary>What the writer may do at most.</summary>
    internal static string WriterPolicy(DateTimeOffset now) => Policy(WriterScope, now);

    private static string Policy(string scopes, DateTimeOffset now) =>
        $$"""{"scopes": [{{string.Join(", ", scopes.Split(' ').Select(s => $"\"{s}\""))}}], "not_after": "{{End(now + ChildrenLast)}}", "maximum_lifetime": 1800}""";

    private static string End(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Entries(IReadOnlyDictionary<string, string> programs) => "entries:\n" + string.Concat(programs.Select(p => string.Create(CultureInfo.InvariantCulture, $"""
          - name: {p.Key}
            id: /agent/{(p.Key == Orchestrator ? p.Key : $"{Orchestrator}/{p.Key}")}
            owner: {Owner}
            selectors: ["unix:uid:{NativeMethods.EffectiveUser()}", "unix:path:{p.Value}"]

        """)));
}
