using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Cast;
using AgentPki.X509.Names;

namespace AgentPki.Server.Demo.Stage;

/// <summary>An agent of the story, as the story sees it: a process that is told what to do.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<AgentAnswer>> _waiting = new();
    private readonly ChildProcess _process;
    private readonly Task _listening;
    private long _orders;

    internal AgentProcess(SpiffeId id, string folder, ChildProcess process)
    {
        (Id, Folder, _process) = (id, folder, process);
        _listening = ListenAsync();
    }

    internal SpiffeId Id { get; }

    /// <summary>The last part of its name.</summary>
    internal string Name => Id.Path.Split('/')[^1];

    internal string Folder { get; }

    internal int ProcessId => _process.Id;

    /// <summary>The access token that it uses.</summary>
    internal string Token { get; set; } = "";

    /// <summary>Has it do something, and waits for what comes of it.</summary>
    internal async Task<AgentAnswer> AskAsync(string order, CancellationToken cancellationToken, params string[] with)
    {
        var number = Interlocked.Increment(ref _orders);
        var waiting = _waiting[number] = new TaskCompletionSource<AgentAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _process.SendAsync(JsonSerializer.Serialize(new AgentOrder(number, order, with), DemoJson.Default.AgentOrder));
        if (_listening.IsCompleted)
        {
            waiting.TrySetException(_process.Failure("ended"));
        }

        try
        {
            return await waiting.Task.WaitAsync(Limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw _process.Failure(string.Create(CultureInfo.InvariantCulture, $"did not say within {Limit.TotalSeconds} s what came of '{order}'"));
        }
    }

    /// <summary>Has it do something that must work.</summary>
    /// <exception cref="CommandException">It did not.</exception>
    internal async Task<AgentAnswer> DoAsync(string order, CancellationToken cancellationToken, params string[] with) => Expect(AgentOutcome.Done, await AskAsync(order, cancellationToken, with), order);

    /// <summary>Has it try something that it must be refused.</summary>
    /// <exception cref="CommandException">It was not, or for want of somebody who says no.</exception>
    internal async Task<AgentAnswer> TryAsync(string order, CancellationToken cancellationToken, params string[] with) => Expect(AgentOutcome.Refused, await AskAsync(order, cancellationToken, with), order);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _listening;
    }

    private AgentAnswer Expect(AgentOutcome wanted, AgentAnswer answer, string order) => answer.Outcome == wanted
        ? answer
        : throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: '{order}' of {Name} was {answer.Outcome.ToString().ToLowerInvariant()} instead of {wanted.ToString().ToLowerInvariant()} ({answer.Text}).", "The logs say more.");

    // Whatever else it writes is for its log.
    private static AgentAnswer? Read(string line)
    {
        try
        {
            return line.StartsWith('{') ? JsonSerializer.Deserialize(line, DemoJson.Default.AgentAnswer) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task ListenAsync()
    {
        await foreach (var line in _process.Lines.ReadAllAsync())
        {
            if (Read(line) is { } answer && _waiting.TryRemove(answer.Number, out var waiting))
            {
                waiting.TrySetResult(answer);
            }
        }

        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetException(_process.Failure("ended"));
        }
    }
}
