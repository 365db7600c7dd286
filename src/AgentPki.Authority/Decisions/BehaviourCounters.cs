using System.Collections.Concurrent;
using AgentPki.Agents.Decisions;

namespace AgentPki.Authority.Decisions;

/// <summary>
/// What agents did of late, as this node decided it: a minute and an hour each, which slide by weighing the window before by what of it still counts. In memory only: after a start nothing is
/// known, and conditions that count begin anew.
/// </summary>
internal sealed class BehaviourCounters(int capacity, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Counter> _byAgent = new(StringComparer.Ordinal);

    public RecentBehaviour Of(string agentId) => _byAgent.TryGetValue(agentId, out var counter) ? counter.Read(time.GetUtcNow()) : RecentBehaviour.Nothing;

    public void Count(string agentId, bool isPermitted)
    {
        if (_byAgent.Count >= capacity && !_byAgent.ContainsKey(agentId))
        {
            Forget();
        }

        _byAgent.GetOrAdd(agentId, static _ => new Counter()).Count(time.GetUtcNow(), isPermitted);
    }

    // Those that did nothing for an hour; where all did something, all of them: their names could be made up to displace one that matters, but only by who may ask.
    private void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var (agent, counter) in _byAgent)
        {
            if (counter.Read(now) == RecentBehaviour.Nothing)
            {
                _byAgent.TryRemove(agent, out _);
            }
        }

        if (_byAgent.Count >= capacity)
        {
            _byAgent.Clear();
        }
    }

    private sealed class Counter
    {
        private readonly Lock _gate = new();
        private Window _minute = new(TimeSpan.TicksPerMinute);
        private Window _hour = new(TimeSpan.TicksPerHour);

        public void Count(DateTimeOffset now, bool isPermitted)
        {
            lock (_gate)
            {
                _minute.Count(now.UtcTicks, isPermitted);
                _hour.Count(now.UtcTicks, isPermitted);
            }
        }

        public RecentBehaviour Read(DateTimeOffset now)
        {
            lock (_gate)
            {
                var (minute, hour) = (_minute.Read(now.UtcTicks), _hour.Read(now.UtcTicks));
                return new RecentBehaviour(minute.Permits, minute.Denials, hour.Permits, hour.Denials);
            }
        }
    }

    private struct Window(long length)
    {
        private readonly long _length = length;
        private long _number;
        private (long Permits, long Denials) _current;
        private (long Permits, long Denials) _before;

        public void Count(long ticks, bool isPermitted)
        {
            Move(ticks / _length);
            _current = isPermitted ? (_current.Permits + 1, _current.Denials) : (_current.Permits, _current.Denials + 1);
        }

        public (long Permits, long Denials) Read(long ticks)
        {
            Move(ticks / _length);
            var rest = 1 - ((double)(ticks % _length) / _length);
            return (_current.Permits + (long)(_before.Permits * rest), _current.Denials + (long)(_before.Denials * rest));
        }

        // A clock that is put back counts on in the window that it had.
        private void Move(long number)
        {
            if (number <= _number)
            {
                return;
            }

            (_before, _current, _number) = (number == _number + 1 ? _current : default, default, number);
        }
    }
}
