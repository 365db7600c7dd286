namespace AgentPki.Client.Tokens;

/// <summary>Whose access tokens are taken, and what for.</summary>
/// <param name="Appliance">Where its keys are (<c>/oauth/jwks</c>); plain HTTP will do, for they carry their certificates.</param>
/// <param name="Issuer">The authorization server, as its tokens name it.</param>
/// <param name="Resource">Who takes the tokens, as they must name it among their audience.</param>
public sealed record TokenVerifierOptions(Uri Appliance, string Issuer, string Resource)
{
    /// <summary>Whether tokens that are bound to no certificate are taken: for resources whose clients know no mTLS. Such a token works in any hands.</summary>
    public bool TakesUnbound { get; init; }

    /// <summary>How far the appliance's clock may be ahead.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for the keys.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);
}
