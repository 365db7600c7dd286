namespace AgentPki.Agents.Behaviour;

/// <summary>
/// What is remembered of one agent, in bounded size. Time goes on with the agent's own events; one that is late by less than five minutes counts as now, and what is further back is a clock that was set
/// back: what was counted by the old one is dropped, what is usual stays. A clock that jumps ahead ends windows, and nothing else.
/// </summary>
internal sealed class AgentBehaviour
{
    private const int Resources = 128;
    private const int Networks = 16;
    private const ushort DaysRemembered = 60;
    private const byte WeeksWanted = 2;
    private const long LateBy = 300;
    private const long Never = long.MinValue / 2;
    private const long SecondsAnHour = 3600;
    private const long SecondsADay = 24 * SecondsAnHour;

    private readonly RecentSet _resources = new(Resources, DaysRemembered);
    private readonly RecentSet _networks = new(Networks, DaysRemembered);
    private readonly WeekHours _hours = new();
    private readonly Meter[] _meters = [.. Detectors.All.Select(_ => new Meter())];
    private readonly WindowCount _requests = new();
    private long _second = Never;

    /// <summary>On how many days it was at work.</summary>
    private ushort _days;

    public void Observe(BehaviourEvent seen, BehaviourSettings settings, List<Finding> findings)
    {
        TellTime(Math.Max(0, seen.Time.ToUnixTimeSeconds()), settings);
        _requests.Add();
        _meters[(int)Detector.Burst].Add();
        if (seen.IsRefusal)
        {
            _meters[(int)Detector.Refusals].Add();
        }
        else if (seen.Resource is { Length: > 0 } resource && _resources.Add(resource, _days))
        {
            // What was denied was not used: it stays new.
            _meters[(int)Detector.NewResources].Add();
        }

        if (seen.Address is { } address && _networks.Add(NetworkPrefix.Of(address), _days))
        {
            _meters[(int)Detector.NewNetworks].Add();
        }

        if (seen.Kind == BehaviourKind.ChildGranted)
        {
            _meters[(int)Detector.FanOut].Add();
        }

        if (!_hours.Visit(_second / SecondsAnHour) && _hours.Weeks >= WeeksWanted)
        {
            _meters[(int)Detector.OffHours].Add();
        }

        foreach (var detector in Detectors.All)
        {
            Judge(detector, seen, settings, findings);
        }
    }

    /// <summary>As <see cref="Load"/> reads it.</summary>
    public void Save(BinaryWriter to)
    {
        to.Write7BitEncodedInt64(_second == Never ? -1 : _second);
        to.Write(_days);
        _requests.Save(to);
        foreach (var meter in _meters)
        {
            meter.Save(to);
        }

        _hours.Save(to);
        _resources.Save(to);
        _networks.Save(to);
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    public static AgentBehaviour Load(BinaryReader from)
    {
        var read = new AgentBehaviour { _second = from.Read7BitEncodedInt64() is >= 0 and var second ? second : Never, _days = from.ReadUInt16() };
        read._requests.Load(from);
        foreach (var meter in read._meters)
        {
            meter.Load(from);
        }

        read._hours.Load(from);
        read._resources.Load(from);
        read._networks.Load(from);
        return read;
    }

    private void Judge(Detector detector, BehaviourEvent seen, BehaviourSettings settings, List<Finding> findings)
    {
        var meter = _meters[(int)detector];
        var (rule, requests) = (settings.Of(detector), detector == Detector.Refusals ? _requests.Total : 0);
        if (meter.Count == 0 || !meter.Finds(_second, rule, _days > settings.LearningDays, requests, out var overBound))
        {
            return;
        }

        if (detector == Detector.OffHours)
        {
            _hours.Unmark();
        }

        var known = detector == Detector.NewResources ? _resources.Count : detector == Detector.NewNetworks ? _networks.Count : 0;
        findings.Add(new Finding(detector, seen, meter.Count, meter.Usual, requests, known, overBound, rule));
    }

    private void TellTime(long second, BehaviourSettings settings)
    {
        var isSetBack = _second == Never || _second - LateBy > second;
        var day = _second / SecondsADay;
        _second = isSetBack ? second : Math.Max(second, _second);
        if (_second / SecondsADay != day && _days < ushort.MaxValue)
        {
            _days++;
        }

        foreach (var detector in Detectors.All)
        {
            // At first everything is new: what is then is remembered, and not taken for usual.
            if (isSetBack || (detector is Detector.NewResources or Detector.NewNetworks && _days <= settings.LearningDays / 2))
            {
                _meters[(int)detector].RestartAt(_second, settings.Of(detector));
            }
            else
            {
                _meters[(int)detector].AdvanceTo(_second, settings.Of(detector));
            }
        }

        var slot = _second / Math.Max(1, (long)settings.Of(Detector.Refusals).Window.TotalSeconds / WindowCount.Slots);
        if (isSetBack)
        {
            _requests.RestartAt(slot);
        }
        else
        {
            _requests.AdvanceTo(slot);
        }
    }
}
