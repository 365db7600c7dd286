using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>An authority with a watch.yaml.</summary>
internal static class WatchedAuthority
{
    public static Task<TestAuthority> StartAsync(string rules, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null, AuthorityOptions? options = null) =>
        StartAsync(new RulesFolder(isGoverned: false, rules), surroundings, options);

    public static Task<TestAuthority> StartAsync(RulesFolder rules, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null, AuthorityOptions? options = null) =>
        TestAuthority.StartAsync(options, surroundings: environment => (surroundings?.Invoke(environment) ?? environment) with { WatchRules = rules });

    /// <summary>The name of an agent that has a certificate.</summary>
    public static async Task<string> WatchedAgentAsync(this TestAuthority authority, string name) => (await authority.AgentAsync(name)).Certificate.SpiffeId!.ToString();

    public static async Task RefuseAsync(this TestAuthority authority, string agent, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await authority.Services.Audit.RefuseAsync(new Refusal($"agent:{agent}", new PkiProblem(PkiProblemKind.PolicyViolation, "no"), "test", "c"), default);
        }
    }

    /// <summary>The watch works beside everything else: waits until it has done its work, or the test is cancelled.</summary>
    public static async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> EntriesAsync(this TestAuthority authority, LedgerEntryKind kind, int count)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        while (true)
        {
            if (await authority.EntriesAsync(kind) is var entries && entries.Count >= count)
            {
                return entries;
            }

            await Task.Delay(5, patience.Token);
        }
    }
}
