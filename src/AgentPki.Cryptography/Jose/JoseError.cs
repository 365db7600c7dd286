namespace AgentPki.Cryptography.Jose;

/// <summary>What is wrong with a JOSE object, coarsely: each protocol maps these to its own errors.</summary>
public enum JoseErrorKind
{
    /// <summary>Not the JSON, the base64url or the members that the standard asks for, or more than it allows.</summary>
    Malformed,

    /// <summary>Longer than is read here.</summary>
    TooLarge,

    /// <summary>A well-formed key that is not taken: its kind, its size, its point, or because it is a private one.</summary>
    Key,

    /// <summary>A signature algorithm that is not taken, or not with this key.</summary>
    Algorithm,
}

/// <summary>Why a JOSE object was refused.</summary>
/// <param name="Text">One sentence with the remedy; what came from outside in it is short and printable.</param>
public sealed record JoseError(JoseErrorKind Kind, string Text);
