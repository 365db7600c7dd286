namespace AgentPki.Protocols.Acme.Attestation.AndroidKey;

/// <summary>Where a key is kept (Android's SecurityLevel): each better than the one before.</summary>
public enum AndroidSecurityLevel
{
    /// <summary>By the operating system.</summary>
    Software = 0,

    /// <summary>By a trusted execution environment of the processor.</summary>
    TrustedEnvironment = 1,

    /// <summary>By a secure element.</summary>
    StrongBox = 2,
}

/// <summary>Settings of the format <c>android-key</c>.</summary>
public sealed record AndroidKeyOptions
{
    public AttestationTrust Trust { get; init; } = new();

    /// <summary>The least that is taken, for the attestation and for the key.</summary>
    public AndroidSecurityLevel Minimum { get; init; } = AndroidSecurityLevel.TrustedEnvironment;

    /// <summary>Whether the device must have started, locked, a system that its maker signed.</summary>
    public bool VerifiedBoot { get; init; } = true;
}
