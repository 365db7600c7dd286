namespace AgentPki.X509.Requests;

/// <summary>Why octets are no request this appliance can take.</summary>
public enum RequestErrorKind
{
    /// <summary>Not the DER of a CertificationRequest.</summary>
    Malformed,

    /// <summary>The key's or the signature's algorithm is unknown here.</summary>
    UnsupportedAlgorithm,

    /// <summary>A key of a known algorithm with a value that is no valid key.</summary>
    BadKey,
}

/// <param name="Detail">One sentence, safe to show to whoever sent the request.</param>
public sealed record RequestError(RequestErrorKind Kind, string Detail);
