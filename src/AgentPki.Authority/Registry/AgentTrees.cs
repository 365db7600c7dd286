using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Store;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>An agent where it stands in a tree.</summary>
/// <param name="Generation">0: where the page begins.</param>
/// <param name="Policy">What it may do, and those above it leave it; null: nothing is said, or what is said together has no form (<paramref name="Problem"/>).</param>
/// <param name="IsBelowSuspended">Somebody above it is not active.</param>
/// <param name="Children">All of them, retired ones too.</param>
/// <param name="More">Children that are not on the page, after those that are.</param>
public sealed record AgentTreeNode(AgentRecord Agent, int Generation, AgentPolicy? Policy, string? Problem, bool IsBelowSuspended, CertificateTally Certificates, long Children, long More);

/// <param name="Nodes">Each before those below it.</param>
/// <param name="More">Heads of families that come after those on the page.</param>
public sealed record AgentTreePage(ImmutableArray<AgentTreeNode> Nodes, long More);

/// <summary>What is asked of a tree.</summary>
/// <param name="Agent">From that one down; null: all families, from their heads down.</param>
/// <param name="After">Only children of it (heads) that came after that one.</param>
/// <param name="Generations">How many below where it begins.</param>
/// <param name="Limit">Agents on the page.</param>
public sealed record AgentTreeQuery(string? Agent, string? After, int Generations, int Limit)
{
    /// <summary>Of these owners alone; null: of any.</summary>
    public ImmutableArray<string>? Owners { get; init; }
}

/// <summary>Agents with what is below them, as bounded pages: a family of a hundred thousand is never read whole.</summary>
public sealed class AgentTrees
{
    /// <summary>Generations on one page, at most.</summary>
    public const int MostGenerations = 64;

    private readonly IAgentStore _agents;
    private readonly ICertificateStore _certificates;
    private readonly TimeProvider _time;

    internal AgentTrees(IAgentStore agents, ICertificateStore certificates, TimeProvider time) => (_agents, _certificates, _time) = (agents, certificates, time);

    /// <summary>One page; null: there is no such agent.</summary>
    public async ValueTask<AgentTreePage?> ReadAsync(AgentTreeQuery query, CancellationToken cancellationToken)
    {
        var page = new Page(query.Generations, query.Limit, _time.GetUtcNow());
        if (query.Agent is not { } id)
        {
            var heads = new AgentQuery { HeadsOfFamilies = true, Owners = query.Owners, After = query.After, OldestFirst = true };
            foreach (var head in await _agents.ListAsync(heads, query.Limit, cancellationToken))
            {
                if (!page.IsFull)
                {
                    await AddAsync(page, head, 0, null, false, null, cancellationToken);
                }
            }

            return new AgentTreePage([.. page.Nodes], await _agents.CountAsync(heads with { CameAfter = page.LastOf(0) ?? query.After }, cancellationToken));
        }

        if (await _agents.FindAsync(id, cancellationToken) is not { } agent)
        {
            return null;
        }

        var (above, isBelowSuspended) = ((AgentPolicy?)null, false);
        if (agent.Parent is not null && await _agents.FindAsync(agent.Parent, cancellationToken) is { } parent)
        {
            _ = (await AgentLine.ReadAsync(parent, _agents, cancellationToken)).TryMeet(out above, out _);
            for (AgentRecord? up = parent; up is not null && !isBelowSuspended; up = up.Parent is { } next ? await _agents.FindAsync(next, cancellationToken) : null)
            {
                isBelowSuspended = up.State != AgentState.Active;
            }
        }

        await AddAsync(page, agent, 0, above, isBelowSuspended, query.After, cancellationToken);
        return new AgentTreePage([.. page.Nodes], 0);
    }

    private async ValueTask AddAsync(Page page, AgentRecord agent, int generation, AgentPolicy? above, bool isBelowSuspended, string? after, CancellationToken cancellationToken)
    {
        var (policy, problem) = Meet(agent, above);
        var children = new AgentQuery { Parent = agent.Id, OldestFirst = true, After = after };
        var count = await _agents.CountAsync(children, cancellationToken);
        var place = page.Nodes.Count;
        page.Nodes.Add(new AgentTreeNode(agent, generation, policy, problem, isBelowSuspended, await _certificates.TallyAsync(agent.Id, page.Now, cancellationToken), count, 0));
        string? last = after;
        if (count > 0 && generation < page.Generations && !page.IsFull)
        {
            foreach (var child in await _agents.ListAsync(children, page.Left, cancellationToken))
            {
                if (page.IsFull)
                {
                    break;
                }

                await AddAsync(page, child, generation + 1, policy, isBelowSuspended || agent.State != AgentState.Active, null, cancellationToken);
                last = child.Id;
            }
        }

        page.Nodes[place] = page.Nodes[place] with { More = count == 0 ? 0 : await _agents.CountAsync(children with { CameAfter = last }, cancellationToken) };
    }

    private static (AgentPolicy? Policy, string? Problem) Meet(AgentRecord agent, AgentPolicy? above)
    {
        var (own, left) = (agent.Registration.ReadPolicy(), above?.Beneath(1));
        return own is null || left is null ? (own ?? left, null)
            : AgentLine.TryMeet(own, left, out var policy, out var formless) ? (policy, null) : (null, formless);
    }

    private sealed class Page(int generations, int limit, DateTimeOffset now)
    {
        public List<AgentTreeNode> Nodes { get; } = [];

        public int Generations { get; } = generations;

        public DateTimeOffset Now { get; } = now;

        public int Left => limit - Nodes.Count;

        public bool IsFull => Left <= 0;

        public string? LastOf(int generation) => Nodes.LastOrDefault(n => n.Generation == generation)?.Agent.Id;
    }
}
