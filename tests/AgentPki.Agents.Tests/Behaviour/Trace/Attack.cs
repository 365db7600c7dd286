using AgentPki.Agents.Behaviour;

namespace AgentPki.Agents.Tests.Behaviour.Trace;

internal enum AttackKind
{
    StolenCredential,
    ScopeProbing,
    PatientProbing,
    Burst,
    Exfiltration,
    PatientExfiltration,
    FanOut,
    OffHours,
    Flood,
}

/// <summary>An attack with its label: whose agent, what, and from when to when.</summary>
internal sealed record Attack(AttackKind Kind, TraceAgent Agent, DateTimeOffset Begin, IReadOnlyList<BehaviourEvent> Events)
{
    public DateTimeOffset End => Events.Max(e => e.Time);

    public static Attack On(TraceAgent agent, AttackKind kind, DateTimeOffset midnight)
    {
        var draw = agent.Draw;
        // Whoever attacks with care does so while the agent is at work.
        var begin = midnight.AddHours(agent.FirstHour + (kind == AttackKind.OffHours ? 14 : agent.Kind == AgentKind.Batch ? 0 : draw.Between(1, 4))).AddSeconds(draw.Between(0, 1200));
        return new Attack(kind, agent, begin, [.. Act(agent, kind, begin, draw)]);
    }

    private static IEnumerable<BehaviourEvent> Act(TraceAgent agent, AttackKind kind, DateTimeOffset begin, Draw draw)
    {
        var office = agent.Office;
        return kind switch
        {
            AttackKind.StolenCredential => Repeat(draw.Between(20, 60), 60, 240, agent.Stranger, BehaviourKind.Permitted, () => agent.Known),
            AttackKind.ScopeProbing => Repeat(draw.Between(20, 60), 5, 25, office, BehaviourKind.Denied, () => agent.New),
            AttackKind.PatientProbing => Repeat(draw.Between(100, 150), 100, 240, office, BehaviourKind.Denied, () => agent.New),
            AttackKind.Burst => Repeat(draw.Between(300, 1500), 0, 1, office, BehaviourKind.Permitted, () => agent.Known),
            AttackKind.Exfiltration => Repeat(draw.Between(150, 300), 40, 120, office, BehaviourKind.Permitted, () => agent.New),
            AttackKind.PatientExfiltration => Repeat(draw.Between(90, 150), 240, 450, office, BehaviourKind.Permitted, () => agent.New),
            AttackKind.FanOut => Repeat(draw.Between(20, 60), 20, 90, office, BehaviourKind.ChildGranted, () => null),
            AttackKind.OffHours => Repeat(draw.Between(10, 40), 20, 180, office, BehaviourKind.Permitted, () => agent.Known),
            _ => Repeat(6000, 0, 0, office, BehaviourKind.Permitted, () => agent.Known),
        };

        IEnumerable<BehaviourEvent> Repeat(int times, int least, int most, System.Net.IPAddress from, BehaviourKind what, Func<string?> resource)
        {
            var time = begin;
            for (var i = 0; i < times; i++)
            {
                // The flood: two hundred a second.
                time = most == 0 ? begin.AddSeconds(i / 200) : time.AddSeconds(draw.Between(least, most));
                yield return agent.At(time, what, resource(), from);
            }
        }
    }
}
