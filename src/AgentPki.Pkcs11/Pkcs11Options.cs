namespace AgentPki.Pkcs11;

/// <summary>How to reach one token. Validated by <see cref="Validate"/> when the provider opens.</summary>
public sealed record Pkcs11Options
{
    /// <summary>The name shown to people; the provider is called <c>pkcs11:NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The module's shared library.</summary>
    public required string ModulePath { get; init; }

    /// <summary>CKA of the token: its label, at most 32 characters. Slots are never named: their numbers change when a token is initialised.</summary>
    public required string TokenLabel { get; init; }

    /// <summary>A file with the user PIN, readable by the service's user alone.</summary>
    public required string PinFile { get; init; }

    /// <summary>What this kind of token does differently (<c>hsm-config/NAME/token.yaml</c>).</summary>
    public required TokenDescription Token { get; init; }

    /// <summary>Variables set in the native environment before the module is initialised (<c>SOFTHSM2_CONF</c>, …).</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Sessions that may sign at once; each has its own thread. 1 to 256, never more than the token's own limit.</summary>
    public int MaxSessions { get; init; } = 4;

    /// <summary>How long a caller waits for one operation, queueing included.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Consecutive token failures that open the breaker.</summary>
    public int BreakerFailures { get; init; } = 3;

    /// <summary>How long the breaker stays open before one probe is let through; doubles up to 30 s while probes fail.</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Operations that may wait for a session; more are turned away at once.</summary>
    public int MaxQueued { get; init; } = 4096;

    /// <exception cref="ArgumentException">The message names the setting and says what would be right.</exception>
    public void Validate()
    {
        Require(Name.Length is > 0 and <= 32, "name: 1 to 32 characters");
        Require(File.Exists(ModulePath), $"modulePath: there is no PKCS#11 module at {ModulePath}; install the token's package (hsm-config/{Name}/install.sh)");
        Require(TokenLabel.Length is > 0 and <= 32, "tokenLabel: 1 to 32 characters");
        Require(MaxSessions is >= 1 and <= 256, "maxSessions: 1 to 256");
        Require(CallDeadline > TimeSpan.Zero, "callDeadline: more than nothing");
        Require(BreakerFailures >= 1, "breakerFailures: at least 1");
        Require(MaxQueued >= 1, "maxQueued: at least 1");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException($"PKCS#11 configuration, {message}.");
        }
    }
}
