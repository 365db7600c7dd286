using AgentPki.Agents.Behaviour;

namespace AgentPki.Agents.Tests.Behaviour.Trace;

/// <summary>Four weeks of a hundred agents of six kinds, and one attack on each of ninety of them in the last two weeks: nothing but these parameters and a seed.</summary>
internal sealed class LabelledTrace
{
    public const int Days = 28;
    public const int AttacksOfAKind = 10;
    private const int Agents = 100;

    /// <summary>A Monday.</summary>
    private static readonly DateTimeOffset Begin = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private LabelledTrace(IReadOnlyList<(TraceAgent Agent, Attack? Attack, IReadOnlyList<BehaviourEvent> Events)> agents) => All = agents;

    /// <summary>Each agent with the attack on it and everything in its name, in order of time.</summary>
    public IReadOnlyList<(TraceAgent Agent, Attack? Attack, IReadOnlyList<BehaviourEvent> Events)> All { get; }

    public static LabelledTrace Generate(ulong seed)
    {
        var draw = new Draw(seed);
        var victims = Enumerable.Range(0, Agents).OrderBy(_ => draw.Next()).ToArray();
        return new LabelledTrace([.. Enumerable.Range(0, Agents).Select(i => One(i, Array.IndexOf(victims, i), draw.Fork()))]);
    }

    private static (TraceAgent Agent, Attack? Attack, IReadOnlyList<BehaviourEvent> Events) One(int number, int place, Draw draw)
    {
        var agent = new TraceAgent($"spiffe://trace.test/agent/{number}", KindOf(number), number, draw);
        List<BehaviourEvent> events = [.. Enumerable.Range(0, Days).SelectMany(day => agent.NormalDay(Begin.AddDays(day), day))];
        var kind = place / AttacksOfAKind;
        Attack? attack = null;
        if (kind < Enum.GetValues<AttackKind>().Length)
        {
            // On a working day: on Saturdays nobody would have to look for what hides among the agent's own work.
            var day = draw.Between(15, 26);
            day -= Math.Max(0, (day % 7) - 4);
            attack = Attack.On(agent, (AttackKind)kind, Begin.AddDays(day));
            events.AddRange(attack.Events);
        }

        return (agent, attack, [.. events.OrderBy(e => e.Time)]);
    }

    private static AgentKind KindOf(int number) => number switch
    {
        < 30 => AgentKind.Assistant,
        < 45 => AgentKind.Batch,
        < 65 => AgentKind.Service,
        < 75 => AgentKind.Crawler,
        < 90 => AgentKind.Orchestrator,
        _ => AgentKind.Roamer,
    };
}
