using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Delegation;

/// <summary>
/// An agent and everybody above it, as they are registered at one moment. What is registered of any of them bounds the agent: so that narrowing one narrows all below it in the same commit, however many they are.
/// </summary>
internal sealed class AgentLine
{
    private const int MostGenerations = 1024;

    private readonly ParentGrant? _grant;

    private AgentLine(ParentGrant? grant, ImmutableArray<AgentRecord> members, ImmutableArray<AgentPolicy> bounds, ImmutableArray<StoreChange.RequirePolicy> conditions) =>
        (_grant, Members, Bounds, Conditions) = (grant, members, bounds, conditions);

    /// <summary>Those of them that are registered, from the agent up.</summary>
    public ImmutableArray<AgentRecord> Members { get; }

    /// <summary>What bounds the agent: its own policy first, then of each above it what it leaves for so many generations below. Each holds.</summary>
    public ImmutableArray<AgentPolicy> Bounds { get; }

    /// <summary>That all of this is still so when something that rests on it comes true.</summary>
    public ImmutableArray<StoreChange.RequirePolicy> Conditions { get; }

    /// <summary>Of an agent that is registered.</summary>
    /// <exception cref="X509.MalformedDataException">What is kept of one of them is no policy, and nobody knows what it bounds.</exception>
    public static async ValueTask<AgentLine> ReadAsync(AgentRecord agent, IAgentStore agents, CancellationToken cancellationToken) =>
        Of(agent.Registration.ReadPolicy()?.Parent, await MembersAsync(agent, agents, cancellationToken), 0, null);

    /// <summary>Of an agent that is not registered yet, and that another one enrols.</summary>
    public static async ValueTask<AgentLine> OfChildOfAsync(AgentRecord parent, string childId, IAgentStore agents, CancellationToken cancellationToken) =>
        Of(null, await MembersAsync(parent, agents, cancellationToken), 1, childId);

    /// <summary>Of an agent that is not registered yet, and nobody's child.</summary>
    public static AgentLine OfStranger(string agentId) => Of(null, [], 0, agentId);

    /// <summary>The widest policy within all bounds, as a certificate carries it; null when there is no bound.</summary>
    public bool TryMeet(out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        (policy, error) = (null, null);
        foreach (var bound in Bounds)
        {
            if (policy is null)
            {
                policy = bound.ChildOf(_grant);
            }
            else if (TryMeet(policy, bound, out var narrower, out error))
            {
                policy = narrower;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What an agent has within another bound; it stays the child that it is.</summary>
    public static bool TryMeet(AgentPolicy own, AgentPolicy above, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        (policy, error) = (null, null);
        try
        {
            policy = own.Intersect(above).ChildOf(own.Parent);
            error = policy.Encode().Length > AgentPolicyDer.MaximumOctets ? $"it is longer than {AgentPolicyDer.MaximumOctets} octets" : null;
        }
        catch (FormatException formless)
        {
            error = formless.Message;
        }

        error = error is null ? null : $"everything that bounds the agent together is nothing that a certificate can say: {error}";
        return error is null;
    }

    private static AgentLine Of(ParentGrant? grant, ImmutableArray<AgentRecord> members, int generation, string? unknown)
    {
        var bounds = ImmutableArray.CreateBuilder<AgentPolicy>(1);
        var conditions = ImmutableArray.CreateBuilder<StoreChange.RequirePolicy>(members.Length + 1);
        if (unknown is not null)
        {
            conditions.Add(new StoreChange.RequirePolicy(unknown, null));
        }

        foreach (var member in members)
        {
            conditions.Add(new StoreChange.RequirePolicy(member.Id, member.Registration.Policy?.ToArray()));
            if (member.Registration.ReadPolicy() is { } policy)
            {
                bounds.Add(policy.Beneath(generation));
            }

            generation++;
        }

        return new AgentLine(grant, members, bounds.ToImmutable(), conditions.ToImmutable());
    }

    private static async ValueTask<ImmutableArray<AgentRecord>> MembersAsync(AgentRecord agent, IAgentStore agents, CancellationToken cancellationToken)
    {
        var members = ImmutableArray.Create(agent);
        while (members[^1].Parent is { } above)
        {
            // Parents are there, and nobody is his own ancestor: the store sees to both.
            members = await agents.FindAsync(above, cancellationToken) is { } parent && members.Length <= MostGenerations ? members.Add(parent) : throw new InvalidOperationException($"What is above {agent.Id} cannot be walked to its end.");
        }

        return members;
    }
}
