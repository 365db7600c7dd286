namespace AgentPki.Authority.Acme.Validation;

/// <summary>Whether a domain's CAA records let this CA issue (RFC 8659, RFC 8657).</summary>
public interface ICaaChecker
{
    /// <param name="identifier">As an authorization names it: without <c>*.</c>.</param>
    /// <param name="method">The challenge type by which it was validated.</param>
    /// <returns>Invalid with <see cref="AcmeErrorType.Caa"/>, or with <see cref="AcmeErrorType.Dns"/> where the records cannot be looked up.</returns>
    ValueTask<ValidationResult> CheckAsync(AcmeIdentifier identifier, bool wildcard, string method, string accountUrl, CancellationToken cancellationToken);
}
