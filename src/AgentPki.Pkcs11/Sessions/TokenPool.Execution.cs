using System.Collections.Frozen;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Native;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>What happens on a session thread: attempts, mending between them, and the translation of what the token says.</summary>
internal sealed partial class TokenPool
{
    private const int MostAttempts = 3;

    private readonly Lock _connectGate = new();
    private TokenModule? _module;
    private TokenConnection? _connection;
    private FrozenSet<ulong>? _mechanisms;
    private long _epoch;

    internal void Execute(SessionThread thread, TokenOperation operation)
    {
        if (operation.IsRecovery)
        {
            Recover(thread, operation);
        }
        else if (_breaker.State == BreakerState.Open)
        {
            operation.Fail(Unavailable());
        }
        else
        {
            for (var attempt = 1; Attempt(thread, operation, attempt); attempt++)
            {
                operation.ForgetHandles();
            }
        }
    }

    /// <summary>True when something was mended and the operation should be tried again.</summary>
    private bool Attempt(SessionThread thread, TokenOperation operation, int attempt)
    {
        TokenModule? entered = null;
        try
        {
            entered = EnterModule();
            var session = thread.Session(Connect());
            operation.Run(session);
            Finish(operation, session);
            return false;
        }
        catch (TokenCallException e)
        {
            _metrics.Failed(e);
            return AfterRefusal(thread, operation, e, tryAgain: attempt < MostAttempts && operation.MayTryAgain);
        }
        catch (TokenObjectMissingException e)
        {
            thread.CloseSession();
            return AfterMissing(operation, e, tryAgain: attempt == 1);
        }
        catch (Exception e) when (e is TokenNotFoundException or DllNotFoundException or TokenConfigurationException)
        {
            thread.CloseSession();
            Disconnect(Connection);
            // What an operator must mend is not mended by asking again: callers are turned away until the pool's own tries succeed.
            operation.Fail(Down(e.Message, e, atOnce: e is TokenConfigurationException));
            return false;
        }
#pragma warning disable CA1031 // Whatever an operation throws is its caller's to hear; the thread lives on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            thread.CloseSession();
            operation.Fail(e);
            return false;
        }
        finally
        {
            entered?.Exit();
        }
    }

    private void Finish(TokenOperation operation, TokenSession session)
    {
        if (_breaker.Succeeded())
        {
            Log.BreakerClosed(_log, _options.TokenLabel);
        }

        var elapsed = Time.GetElapsedTime(operation.Queued);
        if (operation.Complete())
        {
            _metrics.Done(operation.Name, elapsed);
        }
        else
        {
            operation.Undo(session);
        }
    }

    private bool AfterRefusal(SessionThread thread, TokenOperation operation, TokenCallException refusal, bool tryAgain)
    {
        var connection = Connection;
        var reaction = refusal.Explanation.Reaction;
        if (reaction == TokenReaction.UseFewerSessions && _threads.Keys.Any(t => t != thread && t.HasSession))
        {
            return LeaveToOthers(thread, operation, refusal);
        }

        if (reaction != TokenReaction.FindObjectAgain)
        {
            thread.CloseSession();
        }

        if (tryAgain && Mend(connection, reaction))
        {
            Log.TryingAgain(_log, operation.Name, refusal.Message);
            return true;
        }

        operation.Fail(Translate(refusal));
        return false;
    }

    /// <summary>Puts right what a second attempt needs. False when there is nothing to mend.</summary>
    private bool Mend(TokenConnection? connection, TokenReaction reaction)
    {
        switch (reaction)
        {
            case TokenReaction.FindObjectAgain:
                return true;
            case TokenReaction.OpenSessionAgain:
                if (connection is not null && !connection.IsAlive())
                {
                    Disconnect(connection);
                }

                return true;
            case TokenReaction.LogInAgain when connection is not null:
                try
                {
                    connection.LogInAgain();
                }
                catch (TokenCallException e) when (e.Explanation.Reaction != TokenReaction.PinRefused)
                {
                    Disconnect(connection);
                }

                return true;
            case TokenReaction.FindTokenAgain:
                Disconnect(connection);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The token takes no more sessions: other threads do this one's work.</summary>
    private bool LeaveToOthers(SessionThread thread, TokenOperation operation, TokenCallException refusal)
    {
        if (Interlocked.Exchange(ref _wanted, Math.Max(1, _threads.Keys.Count(t => t.HasSession))) > 1)
        {
            Log.FewerSessions(_log, _options.TokenLabel, refusal.Message);
        }

        _wantedSince = Time.GetTimestamp();
        thread.Leave();
        operation.PutBack();
        if (!Queue.TryEnqueue(operation) && operation.TryAbandon())
        {
            operation.Fail(Translate(refusal));
        }

        return false;
    }

    private bool AfterMissing(TokenOperation operation, TokenObjectMissingException missing, bool tryAgain)
    {
        if (tryAgain)
        {
            // A token that was replaced under us may hold it under a new login.
            Disconnect(Connection);
            return true;
        }

        // One key deleted is not a token that is down: the others go on.
        operation.Fail(AnyWatchedKeyIsThere() ? new KeyUnavailableException(missing.Message, _options.BreakerLongestPause, missing) : Down(missing.Message, missing));
        return false;
    }

    private Exception Translate(TokenCallException refusal) => refusal.Explanation.Reaction switch
    {
        TokenReaction.Refuse => refusal.Explanation.Code is 0x054 or 0x070 or 0x130 or 0x140 or 0x209 ? new NotSupportedException(refusal.Message, refusal) : refusal,
        TokenReaction.PinRefused => Down(refusal.Message, refusal, atOnce: true),
        TokenReaction.InitializeAgain => BeginWithModule(Down(refusal.Message, refusal, atOnce: true)),
        _ => Down(refusal.Message, refusal),
    };

    /// <summary>The first recovery already initialises the module.</summary>
    private KeyUnavailableException BeginWithModule(KeyUnavailableException down)
    {
        Interlocked.Increment(ref _recoveries);
        return down;
    }

    private KeyUnavailableException Down(string reason, Exception inner, bool atOnce = false)
    {
        CountFailure(reason, atOnce);
        return new KeyUnavailableException(reason, _breaker.State == BreakerState.Open ? _breaker.RetryAfter : _options.BreakerPause, inner);
    }

    private void CountFailure(string reason, bool atOnce = false)
    {
        Log.TokenFailed(_log, _options.TokenLabel, reason);
        if (_breaker.Failed(reason, atOnce))
        {
            Log.BreakerOpened(_log, _options.TokenLabel, reason);
            FailQueue(Unavailable());
        }
    }

    private TokenModule EnterModule()
    {
        var module = Volatile.Read(ref _module) ?? LoadModule();
        module.Enter();
        return module;
    }

    private TokenModule LoadModule()
    {
        lock (_connectGate)
        {
            try
            {
                return _module ??= TokenModule.Acquire(_options.ModulePath, _options.Environment, _options.Token.Preload);
            }
            catch (InvalidOperationException e)
            {
                throw new TokenConfigurationException(e.Message, e);
            }
        }
    }

    /// <summary>The present login, or a new one. The caller is inside the module's gate.</summary>
    private TokenConnection Connect()
    {
        var current = Connection;
        if (current is not null && current.Generation == Module.Generation)
        {
            return current;
        }

        lock (_connectGate)
        {
            if (_connection is null || _connection.Generation != Module.Generation)
            {
                try
                {
                    _connection = TokenConnection.Open(Module, _options, Interlocked.Increment(ref _epoch));
                }
                catch (InvalidOperationException e)
                {
                    throw new TokenConfigurationException(e.Message, e);
                }

                Volatile.Write(ref _mechanisms, _connection.Mechanisms);
                Log.Connected(_log, _options.TokenLabel, _connection.Token.Serial, _connection.Token.Model);
            }

            return _connection;
        }
    }

    private void Disconnect(TokenConnection? connection)
    {
        if (connection is not null && Interlocked.CompareExchange(ref _connection, null, connection) == connection)
        {
            connection.Close();
        }
    }
}
