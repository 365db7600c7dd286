namespace AgentPki.Pkcs11;

/// <summary>How to reach one token. Checked when the provider opens.</summary>
public sealed record Pkcs11Options
{
    /// <summary>The name shown to people; the provider is called <c>pkcs11:NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The module's shared library.</summary>
    public required string ModulePath { get; init; }

    /// <summary>The token's label (CK_TOKEN_INFO), at most 32 octets. Slots are never named: their numbers change when a token is initialised.</summary>
    public required string TokenLabel { get; init; }

    /// <summary>The token's serial number, where two tokens carry one label.</summary>
    public string? TokenSerial { get; init; }

    /// <summary>The name of the token whose keys this one has too, to sign while that is away; null for a token of its own.</summary>
    public string? MirrorOf { get; init; }

    /// <summary>Where the user PIN comes from.</summary>
    public required PinSource Pin { get; init; }

    /// <summary>What this kind of token does in its own way (<c>hsm-config/NAME/token.yaml</c>).</summary>
    public required TokenDescription Token { get; init; }

    /// <summary>Variables set in the native environment before the module is initialised (<c>SOFTHSM2_CONF</c>, …); see <see cref="TokenDescription.EnvironmentFor"/>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Sessions that may work at once, each with its own thread: 1 to 256, never more than the token takes; 0 for what suits the token.</summary>
    public int MaxSessions { get; init; }

    /// <summary>How long a caller waits for one operation, queueing included.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for the generation of a key: RSA takes its time.</summary>
    public TimeSpan GenerationDeadline { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Failures in a row that open the breaker.</summary>
    public int BreakerFailures { get; init; } = 3;

    /// <summary>How long the breaker stays open before the token is tried again; doubles while tries fail, up to <see cref="BreakerLongestPause"/>.</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan BreakerLongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Operations that may wait for a session; more are turned away at once.</summary>
    public int MaxQueued { get; init; } = 4096;

    /// <summary>The number of sessions after defaults and the token's own limit (one is kept for the login).</summary>
    internal int EffectiveSessions
    {
        get
        {
            var wanted = MaxSessions > 0 ? MaxSessions : Token.DefaultSessions > 0 ? Token.DefaultSessions : Math.Clamp(System.Environment.ProcessorCount, 2, 16);
            return Token.SessionLimit > 1 ? Math.Min(wanted, Token.SessionLimit - 1) : wanted;
        }
    }

    /// <exception cref="ArgumentException">The message names the setting and says what would be right.</exception>
    internal void Validate()
    {
        Require(Name.Length is > 0 and <= 32, "name: 1 to 32 characters");
        Require(File.Exists(ModulePath), $"modulePath: there is no PKCS#11 module at '{ModulePath}'; install the token's software (hsm-config/{Token.Name}/install.sh) or correct the path");
        Require(TokenLabel.Length is > 0 and <= 32, "tokenLabel: 1 to 32 characters");
        Pin.Validate();
        Require(MaxSessions is >= 0 and <= 256, "maxSessions: 1 to 256, or 0 for what suits the token");
        Require(CallDeadline > TimeSpan.Zero && GenerationDeadline > TimeSpan.Zero, "callDeadline, generationDeadline: more than nothing");
        Require(BreakerFailures >= 1, "breakerFailures: at least 1");
        Require(BreakerPause > TimeSpan.Zero && BreakerLongestPause >= BreakerPause, "breakerPause: more than nothing, at most breakerLongestPause");
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
