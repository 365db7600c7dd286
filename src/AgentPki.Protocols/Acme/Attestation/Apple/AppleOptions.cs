namespace AgentPki.Protocols.Acme.Attestation.Apple;

/// <summary>Settings of the format <c>apple</c>.</summary>
public sealed record AppleOptions
{
    /// <summary>Apple's "Enterprise Attestation Root CA".</summary>
    public AttestationTrust Trust { get; init; } = new();
}
