using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using AgentPki.Authority.Watching.Webhook;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Watching;

/// <summary>
/// Tells a webhook's receiver what the watch finds, in its order and beside everything else: a bounded queue, one connection, a deadline for each attempt, and waits between attempts that grow. Who
/// publishes never waits. What waits is in memory: a restart forgets it, and the ledger has it.
/// </summary>
public sealed class WebhookAlerts : IWatchAlerts, IAsyncDisposable
{
    private const int DefaultCapacity = 1024;

    /// <summary>An event is sent so often at most.</summary>
    internal const int MostAttempts = 12;

    private const string WantedSecrets = "the file of secrets must have one or two lines of 'whsec_' and the base64 of 24 to 64 octets: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\" makes one";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromHours(1);
    private static readonly TimeSpan OldestEvent = TimeSpan.FromHours(6);
    private static readonly TimeSpan LastSends = TimeSpan.FromSeconds(2);
    private readonly string _source;
    private readonly Func<string, string> _readSecrets;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WebhookClient _client;
    private readonly WebhookMetrics _metrics;
    private readonly Channel<WatchAlert> _waiting;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile WatchWebhook? _webhook;
    private volatile string? _problem;
    private long _lost;
    private int _failures;
    private int _isFull;

    /// <param name="source">The appliance, as its events name it.</param>
    /// <param name="readSecrets">The text of a file of secrets; throws <see cref="IOException"/> with what to do about it.</param>
    /// <param name="capacity">Events that wait at most.</param>
    /// <param name="deadline">Of one attempt; null: ten seconds.</param>
    public WebhookAlerts(string source, Func<string, string> readSecrets, TimeProvider time, ILogger<WebhookAlerts> logger, int capacity = DefaultCapacity, TimeSpan? deadline = null)
    {
        (_source, _readSecrets, _time, _logger, _client) = (source, readSecrets, time, logger, new WebhookClient(time, deadline ?? Deadline));
        _waiting = Channel.CreateBounded<WatchAlert>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _metrics = new WebhookMetrics(() => _waiting.Reader.Count, () => Volatile.Read(ref _lost));
        _running = Task.Run(RunAsync);
    }

    public WatchAlertsStatus Status => new(_webhook?.Url.Authority, _waiting.Reader.Count, Volatile.Read(ref _lost), _problem);

    public void Use(WatchWebhook? webhook) => _webhook = webhook;

    public void Publish(WatchAlert alert)
    {
        if (_webhook is null)
        {
            return;
        }

        if (_waiting.Writer.TryWrite(alert))
        {
            Volatile.Write(ref _isFull, 0);
            return;
        }

        Interlocked.Increment(ref _lost);
        if (Interlocked.Exchange(ref _isFull, 1) == 0)
        {
            Log.Dropped(_logger, alert.Id, _waiting.Reader.Count);
        }
    }

    /// <summary>Sends what waits, if the receiver takes it and that is soon done.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        if (_problem is null)
        {
            await Task.WhenAny(_running, Task.Delay(LastSends));
        }

        if (_waiting.Reader.Count is var left and > 0)
        {
            Log.LeftBehind(_logger, left);
        }

        await _stopping.CancelAsync();
        await _running;
        _client.Dispose();
        _metrics.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var alert in _waiting.Reader.ReadAllAsync(_stopping.Token))
            {
                await DeliverAsync(alert);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async ValueTask DeliverAsync(WatchAlert alert)
    {
        try
        {
            var body = WatchCloudEvent.Write(alert, _source);
            for (var attempt = 1; _webhook is { } webhook; attempt++)
            {
                var answer = await SendAsync(webhook, alert.Id, body);
                if (!await GoOnAsync(alert, webhook, answer, attempt))
                {
                    return;
                }
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // Nobody else would see it, and the next event must be sent.
        {
            Interlocked.Increment(ref _lost);
            Log.NotSent(_logger, failure);
        }
    }

    private async ValueTask<WebhookAnswer> SendAsync(WatchWebhook webhook, string id, byte[] body)
    {
        try
        {
            // Read each time: a secret that is changed serves at once.
            return WebhookSecrets.TryParse(_readSecrets(webhook.SecretFile)) is { } secrets
                ? await _client.SendAsync(webhook.Url, id, body, secrets, _stopping.Token)
                : new WebhookAnswer.Failed(WantedSecrets, null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new WebhookAnswer.Failed($"its secret cannot be read: {failure.Message}", null);
        }
    }

    /// <summary>Whether it is to be sent again, after the wait that this takes.</summary>
    private async ValueTask<bool> GoOnAsync(WatchAlert alert, WatchWebhook webhook, WebhookAnswer answer, int attempt)
    {
        var host = webhook.Url.Host;
        switch (answer)
        {
            case WebhookAnswer.Taken:
                _metrics.Attempted("taken");
                if (_problem is not null)
                {
                    Log.TakenAgain(_logger, host);
                }

                (_problem, _failures) = (null, 0);
                return false;
            case WebhookAnswer.Refused(var reason):
                _metrics.Attempted("refused");
                _problem = reason;
                GiveUp(alert, host, reason);
                return false;
            case WebhookAnswer.Failed(var reason, var asked):
                _metrics.Attempted("failed");
                _problem = reason;
                var wait = WaitOf(_failures++, asked);
                if (attempt >= MostAttempts || _time.GetUtcNow() + wait - alert.At > OldestEvent)
                {
                    GiveUp(alert, host, string.Create(CultureInfo.InvariantCulture, $"{reason} (attempt {attempt})"));
                    return false;
                }

                if (attempt == 1)
                {
                    Log.NotTaken(_logger, host, alert.Id, reason);
                }

                await WaitAsync(wait, webhook);
                return true;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    // Another receiver is not made to wait for what this one did.
    private async ValueTask WaitAsync(TimeSpan wait, WatchWebhook webhook)
    {
        for (var left = wait; left > TimeSpan.Zero && _webhook == webhook; left -= Look)
        {
            await Task.Delay(left < Look ? left : Look, _time, _stopping.Token);
        }

        _failures = _webhook == webhook ? _failures : 0;
    }

    private void GiveUp(WatchAlert alert, string host, string reason)
    {
        Interlocked.Increment(ref _lost);
        Log.GivenUp(_logger, host, alert.Id, reason);
    }

    // The wait is the receiver's, not one event's: while it is down, it is asked every few minutes, however many events wait. Up to a quarter more, so that appliances do not all come back at once.
    private static TimeSpan WaitOf(int failures, TimeSpan? asked)
    {
        var own = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(failures, 20)));
        var wait = asked is { } wanted && wanted > own ? TimeSpan.FromTicks(Math.Min(wanted.Ticks, LongestAsked.Ticks)) : own;
        return wait + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32((int)(wait.TotalMilliseconds / 4) + 1));
    }
}
