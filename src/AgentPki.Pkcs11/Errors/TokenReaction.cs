namespace AgentPki.Pkcs11.Errors;

/// <summary>What the session pool does about a CKR code before it troubles the caller.</summary>
public enum TokenReaction
{
    /// <summary>The request is wrong (mechanism, template, data); the token is well. The caller hears it, the breaker does not.</summary>
    Refuse,

    /// <summary>The object handle is stale: find the object again, once.</summary>
    FindObjectAgain,

    /// <summary>The session is of no use: evict it, open another, try once more.</summary>
    OpenSessionAgain,

    /// <summary>The login is gone: log in and try once more.</summary>
    LogInAgain,

    /// <summary>The token moved or left its slot: find it again by label, try once more.</summary>
    FindTokenAgain,

    /// <summary>The module must be initialised again.</summary>
    InitializeAgain,

    /// <summary>The token takes no more sessions: work with those there are.</summary>
    UseFewerSessions,

    /// <summary>The token is down: no second try, the breaker counts it.</summary>
    TokenDown,

    /// <summary>The PIN was refused: never again with the same PIN file, or the token locks itself.</summary>
    PinRefused,
}
