using System.Globalization;
using System.Text;
using AgentPki.Agents.Behaviour;

namespace AgentPki.Agents.Tests.Behaviour.Trace;

/// <summary>What the detectors made of a trace.</summary>
internal sealed class Evaluation
{
    private readonly Dictionary<Detector, (int True, int False)> _byDetector = Detectors.All.ToDictionary(d => d, _ => (0, 0));
    private readonly Dictionary<AgentKind, int> _falseByKind = Enum.GetValues<AgentKind>().ToDictionary(k => k, _ => 0);
    private readonly Dictionary<AttackKind, List<(HashSet<Detector> By, TimeSpan Delay)>> _found = Enum.GetValues<AttackKind>().ToDictionary(k => k, _ => new List<(HashSet<Detector>, TimeSpan)>());

    public long Events { get; private set; }

    public int Found(AttackKind kind) => _found[kind].Count;

    public int False(Detector detector) => _byDetector[detector].False;

    public static Evaluation Of(LabelledTrace trace, BehaviourSettings settings)
    {
        var result = new Evaluation();
        foreach (var (agent, attack, events) in trace.All)
        {
            result.Add(agent, attack, events, new BehaviourModel(settings));
        }

        return result;
    }

    private void Add(TraceAgent agent, Attack? attack, IReadOnlyList<BehaviourEvent> events, BehaviourModel model)
    {
        var by = new HashSet<Detector>();
        TimeSpan? delay = null;
        Events += events.Count;
        foreach (var seen in events)
        {
            foreach (var finding in model.Observe(seen))
            {
                var (right, wrong) = _byDetector[finding.Detector];
                // What an attack has done stays in the window for as long as the window is.
                if (attack is not null && seen.Time >= attack.Begin && seen.Time <= attack.End + finding.Rule.Window)
                {
                    _byDetector[finding.Detector] = (right + 1, wrong);
                    by.Add(finding.Detector);
                    delay ??= seen.Time - attack.Begin;
                }
                else
                {
                    _byDetector[finding.Detector] = (right, wrong + 1);
                    _falseByKind[agent.Kind]++;
                }
            }
        }

        if (attack is not null && delay is { } first)
        {
            _found[attack.Kind].Add((by, first));
        }
    }

    /// <summary>As docs/watching.md has it.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("| Attack | of | found | missed | found by | median time to the first finding |");
        text.AppendLine("|---|---:|---:|---:|---|---:|");
        foreach (var (kind, found) in _found)
        {
            var by = Detectors.All.Select(d => (Detector: d, Times: found.Count(f => f.By.Contains(d)))).Where(d => d.Times > 0).Select(d => $"`{d.Detector.Word()}` {d.Times}");
            var median = found.Count == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{found.Select(f => f.Delay.TotalSeconds).Order().ElementAt(found.Count / 2):0} s");
            text.AppendLine(CultureInfo.InvariantCulture, $"| {Words(kind)} | {LabelledTrace.AttacksOfAKind} | {found.Count} | {LabelledTrace.AttacksOfAKind - found.Count} | {string.Join(", ", by)} | {median} |");
        }

        text.AppendLine().AppendLine("| Detector | findings in attacks | false findings | false for 1,000 agent-days |");
        text.AppendLine("|---|---:|---:|---:|");
        foreach (var (detector, (right, wrong)) in _byDetector)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| `{detector.Word()}` | {right} | {wrong} | {1000.0 * wrong / (LabelledTrace.Days * 100):0.0} |");
        }

        text.AppendLine().AppendLine("| Kind of agent | false findings |");
        text.AppendLine("|---|---:|");
        foreach (var (kind, wrong) in _falseByKind)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {kind.ToString().ToLowerInvariant()} | {wrong} |");
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string Words(AttackKind kind) => string.Concat(kind.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
