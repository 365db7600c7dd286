using System.Collections.Concurrent;
using AgentPki.Pkcs11.Errors;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>While the breaker is open, the pool tries the token by itself: a new login first, then the module initialised anew.</summary>
internal sealed partial class TokenPool
{
    private readonly ConcurrentDictionary<TokenKey, byte> _watched = new();
    private int _recoveries;

    /// <summary>Keys whose usability tells whether the token is back.</summary>
    public void WatchKey(TokenKey key) => _watched.TryAdd(key, 0);

    public void ForgetKey(TokenKey key) => _watched.TryRemove(key, out _);

    private void TryToRecover()
    {
        if (!_breaker.BeginTry())
        {
            return;
        }

        var operation = new RecoveryOperation(_options.CallDeadline, _breaker) { Queued = Time.GetTimestamp() };
        if (!Queue.TryEnqueue(operation))
        {
            operation.Fail(new InvalidOperationException(_breaker.Reason));
        }
    }

    private void Recover(SessionThread thread, TokenOperation operation)
    {
        try
        {
            // The second try and all later ones begin with a fresh module: some do not see their token come back otherwise.
            if (Interlocked.Increment(ref _recoveries) > 1 && !InitializeAgain())
            {
                throw new TokenConfigurationException($"{_stuck} calls hang in the module, so that it cannot be initialised again; restart the appliance if they never come back.", null);
            }

            TryKeys(thread);
            Interlocked.Exchange(ref _recoveries, 0);
            if (operation.Complete())
            {
                _breaker.TrySucceeded();
                Log.Recovered(_log, _options.TokenLabel);
            }
        }
#pragma warning disable CA1031 // Whatever stands in the way is the reason the breaker stays open.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (e is TokenConfigurationException { InnerException: not null })
            {
                // The PIN is missing, not the module ill: other tokens of the module are left in peace.
                Interlocked.Exchange(ref _recoveries, 0);
            }

            operation.Fail(e);
            Log.NotRecovered(_log, _options.TokenLabel, e.Message);
        }
    }

    private bool InitializeAgain()
    {
        var module = _module;
        if (module is null)
        {
            return true;
        }

        // Sessions of the old generation end with C_Finalize.
        Volatile.Write(ref _connection, null);
        return module.Reinitialize(TimeSpan.FromSeconds(1));
    }

    /// <summary>C_SignInit with the keys in use, without a signature: unlinted bytes never reach a CA key, not even to try it.</summary>
    private void TryKeys(SessionThread thread)
    {
        var module = EnterModule();
        try
        {
            thread.CloseSession();
            Disconnect(Connection);
            Exception? last = null;
            foreach (var key in _watched.Keys)
            {
                try
                {
                    key.Handle.Forget();
                    key.CheckUsable(thread.Session(Connect()));
                    return;
                }
                catch (Exception e) when (e is TokenCallException or TokenObjectMissingException)
                {
                    last = e;
                }
                finally
                {
                    thread.CloseSession();
                }
            }

            if (last is not null)
            {
                throw last;
            }

            _ = thread.Session(Connect());
        }
        finally
        {
            module.Exit();
        }
    }

    /// <summary>Whether the token, found again, holds any key in use. Called inside the module's gate, on a session thread.</summary>
    private bool AnyWatchedKeyIsThere()
    {
        try
        {
            var connection = Connect();
            var handle = connection.OpenSession();
            try
            {
                var session = new TokenSession(Module, handle, connection.Epoch);
                foreach (var key in _watched.Keys)
                {
                    if (key.Handle.IsThere(session))
                    {
                        return true;
                    }
                }

                return false;
            }
            finally
            {
                connection.CloseSession(handle);
            }
        }
        catch (Exception e) when (e is TokenCallException or TokenNotFoundException)
        {
            return false;
        }
    }

    private sealed class RecoveryOperation(TimeSpan deadline, TokenBreaker breaker) : TokenOperation<bool>("recovery", deadline)
    {
        public override bool IsRecovery => true;

        // However it fails, queued too long and hung included, the breaker hears it once.
        public override bool Fail(Exception exception)
        {
            var first = base.Fail(exception);
            if (first)
            {
                breaker.TryFailed(exception.Message);
            }

            return first;
        }

        // What Recover does is all there is to do.
        protected override bool Execute(TokenSession session) => true;
    }
}
