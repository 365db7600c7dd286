using System.Collections.Immutable;

namespace AgentPki.Agents.Behaviour;

/// <summary>
/// What is remembered of all agents. Of bounded size, the same for the same events in the same order, and of one thread: whoever feeds it has a queue before it.
/// </summary>
public sealed class BehaviourModel(BehaviourSettings settings)
{
    private readonly Dictionary<string, LinkedListNode<(string Agent, AgentBehaviour Behaviour)>> _agents = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Agent, AgentBehaviour Behaviour)> _bySilence = new();
    private readonly List<Finding> _found = [];

    /// <summary>How many agents are remembered.</summary>
    public int Agents => _agents.Count;

    /// <summary>How many were forgotten for want of room.</summary>
    public long Forgotten { get; private set; }

    public BehaviourSettings Settings { get; private set; } = settings;

    /// <summary>Judges by these from now on. What was learnt stays, unless windows are of another length: peaks of minutes say nothing about peaks of hours.</summary>
    public void Use(BehaviourSettings settings)
    {
        if (Detectors.All.Any(d => settings.Of(d).Window != Settings.Of(d).Window))
        {
            _agents.Clear();
            _bySilence.Clear();
        }

        Settings = settings;
    }

    /// <summary>What is found with this event.</summary>
    public ImmutableArray<Finding> Observe(BehaviourEvent seen)
    {
        if (_agents.TryGetValue(seen.Agent, out var node))
        {
            _bySilence.Remove(node);
        }
        else
        {
            if (_agents.Count >= Settings.MaximumAgents && _bySilence.First is { } silent)
            {
                _bySilence.RemoveFirst();
                _agents.Remove(silent.Value.Agent);
                Forgotten++;
            }

            node = new LinkedListNode<(string Agent, AgentBehaviour Behaviour)>((seen.Agent, new AgentBehaviour()));
            _agents.Add(seen.Agent, node);
        }

        _bySilence.AddLast(node);
        _found.Clear();
        node.Value.Behaviour.Observe(seen, Settings, _found);
        return _found.Count == 0 ? [] : [.. _found];
    }

    /// <summary>All that is remembered, the agent that was silent longest first, as <see cref="BehaviourSnapshot"/> keeps it.</summary>
    internal void Save(BinaryWriter to)
    {
        to.Write7BitEncodedInt(_bySilence.Count);
        foreach (var (agent, behaviour) in _bySilence)
        {
            to.Write(agent);
            behaviour.Save(to);
        }
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    internal void Load(BinaryReader from)
    {
        for (var left = from.Read7BitEncodedInt(); left > 0; left--)
        {
            var (agent, behaviour) = (from.ReadString(), AgentBehaviour.Load(from));
            if (left <= Settings.MaximumAgents && !_agents.TryAdd(agent, _bySilence.AddLast((agent, behaviour))))
            {
                throw new InvalidDataException("an agent that is there twice");
            }
        }
    }

    /// <summary>What is usual for this agent is learnt anew: it has another task from now on.</summary>
    public void Forget(string agent)
    {
        if (_agents.Remove(agent, out var node))
        {
            _bySilence.Remove(node);
        }
    }
}
