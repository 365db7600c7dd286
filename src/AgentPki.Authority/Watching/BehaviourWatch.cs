using System.Collections.Immutable;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Watching.Webhook;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching;

/// <summary>
/// Looks at what agents do, one event after the other, beside everything else, and has what is found answered. What was learnt is kept in a file now and then and at the end.
/// </summary>
public sealed class BehaviourWatch : IAsyncDisposable
{
    /// <summary>So much of what was learnt a process that is killed takes with it.</summary>
    private static readonly TimeSpan KeptEvery = TimeSpan.FromMinutes(15);

    /// <summary>How long the end waits for what was not looked at yet.</summary>
    private static readonly TimeSpan LastLook = TimeSpan.FromSeconds(5);

    private readonly BehaviourQueue _queue;
    private readonly RulesKeeper<WatchRules> _rules;
    private readonly BehaviourResponder _responder;
    private readonly BehaviourMemory _memory;
    private readonly IWatchAlerts? _alerts;
    private readonly WatchMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();

    // The model is of one thread: the watch holds it for one event, whoever keeps it or reads of it in between.
    private readonly Lock _gate = new();
    private BehaviourModel _model;
    private string _settingsOf;
    private bool _hasNews;
    private long _kept;
    private Task _running = Task.CompletedTask;

    internal BehaviourWatch(BehaviourQueue queue, RulesKeeper<WatchRules> rules, BehaviourMemory memory, IWatchAlerts? alerts, Func<WatchMetrics, BehaviourResponder> responder, TimeProvider time, ILogger<BehaviourWatch> logger)
    {
        (_queue, _rules, _memory, _alerts, _time, _logger) = (queue, rules, memory, alerts, time, logger);
        (_model, _settingsOf, _kept) = (new BehaviourModel(rules.Current.Settings), rules.Current.Digest, time.GetTimestamp());
        _metrics = new WatchMetrics(queue, () => Agents, rules);
        _responder = responder(_metrics);
    }

    /// <summary>How many agents are remembered.</summary>
    public int Agents
    {
        get
        {
            lock (_gate)
            {
                return _model.Agents;
            }
        }
    }

    /// <summary>What is usual for this agent is learnt anew: it has another task from now on, or was wrongly suspected.</summary>
    public void Forget(string agentId)
    {
        lock (_gate)
        {
            _model.Forget(agentId);
            _hasNews = true;
        }
    }

    /// <summary>Begins, with what was kept; requests wait for nothing of it.</summary>
    internal void Start() => _running = Task.Run(RunAsync);

    /// <summary>Looks at the rules again, and keeps what was learnt when it is time.</summary>
    internal async ValueTask MaintainAsync(CancellationToken cancellationToken)
    {
        await _rules.RefreshAsync(cancellationToken);
        _alerts?.Use(_rules.Current.Webhook);
        if (_time.GetElapsedTime(_kept) >= KeptEvery)
        {
            Keep();
        }
    }

    /// <summary>Looks at what waits, if that is soon done, and keeps what was learnt.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Complete();
        if (await Task.WhenAny(_running, Task.Delay(LastLook)) != _running)
        {
            await _stopping.CancelAsync();
        }

        await _running;
        Keep();
        _stopping.Dispose();
        _metrics.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            var kept = _memory.Load(_rules.Current.Settings);
            lock (_gate)
            {
                _model = kept;
            }

            _alerts?.Use(_rules.Current.Webhook);
            await ResumeAsync();
            await foreach (var seen in _queue.Reader.ReadAllAsync(_stopping.Token))
            {
                await LookAtAsync(seen);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async ValueTask ResumeAsync()
    {
        try
        {
            await _responder.StartAsync(_rules.Current, _stopping.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // Nobody else would see it, and agents must be watched.
        {
            Log.NotResumed(_logger, failure);
        }
    }

    private async ValueTask LookAtAsync(BehaviourEvent seen)
    {
        try
        {
            var rules = _rules.Current;
            foreach (var finding in Observe(seen, rules))
            {
                await _responder.RespondAsync(finding, rules, _stopping.Token);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // Nobody else would see it, and the next event must be looked at.
        {
            Log.NotJudged(_logger, seen.Agent, failure);
        }
    }

    private ImmutableArray<Finding> Observe(BehaviourEvent seen, WatchRules rules)
    {
        lock (_gate)
        {
            if (rules.Digest != _settingsOf)
            {
                _model.Use(rules.Settings);
                _settingsOf = rules.Digest;
                _alerts?.Use(rules.Webhook);
            }

            _hasNews = true;
            return _model.Observe(seen);
        }
    }

    private void Keep()
    {
        lock (_gate)
        {
            _kept = _time.GetTimestamp();
            if (_hasNews)
            {
                _hasNews = !_memory.Save(_model);
            }
        }
    }
}
