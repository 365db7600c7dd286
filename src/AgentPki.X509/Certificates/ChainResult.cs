namespace AgentPki.X509.Certificates;

/// <summary>Why a path is not valid (RFC 5280 §6.1).</summary>
public enum ChainFailure
{
    /// <summary>No certificate at hand is the issuer, up to an anchor.</summary>
    UnknownIssuer,
    BadSignature,
    NotYetValid,
    Expired,
    /// <summary>An issuer that is no CA, or whose keyUsage forbids signing certificates.</summary>
    NotAnAuthority,
    PathTooLong,
    /// <summary>The key purpose asked for is excluded by some certificate of the path.</summary>
    WrongPurpose,
    NameNotPermitted,
    UnknownCriticalExtension,
    /// <summary>An alternative signature is demanded and is not there, or is there by half.</summary>
    AlternativeSignatureMissing,
    /// <summary>An alternative signature is to be checked, and its issuer has no alternative key to check it with.</summary>
    AlternativeKeyMissing,
    BadAlternativeSignature,
}

/// <summary>The outcome of a path check. Closed.</summary>
public abstract record ChainResult
{
    private ChainResult()
    {
    }

    /// <param name="Path">The certificate, its issuers, the anchor last.</param>
    public sealed record Valid(IReadOnlyList<Certificate> Path) : ChainResult;

    /// <param name="At">The certificate that fails.</param>
    /// <param name="Detail">One sentence, safe to show.</param>
    public sealed record Invalid(ChainFailure Failure, Certificate At, string Detail) : ChainResult;
}
