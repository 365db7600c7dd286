using System.Collections.ObjectModel;

namespace AgentPki.Authority.Acme.Validation;

/// <summary>
/// One way to prove control of an identifier (RFC 8555 §8). A validator holds no state of an authorization: it is asked, looks, and answers, and what
/// becomes of the answer is the authorization's business.
/// </summary>
public interface IChallengeValidator
{
    /// <summary>The challenge's <c>type</c> (RFC 8555 §9.7.8): <c>http-01</c>, <c>dns-01</c> and so on.</summary>
    string Type { get; }

    /// <summary>Members of the challenge object besides those of RFC 8555 §7.1.5 and §8, all of them texts.</summary>
    IReadOnlyDictionary<string, string> Members => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Whether this challenge is offered for an identifier.</summary>
    /// <param name="identifier">As an authorization names it: without <c>*.</c>.</param>
    /// <param name="wildcard">Whether the authorization is for the wildcard of that name.</param>
    bool Handles(AcmeIdentifier identifier, bool wildcard);

    /// <summary>
    /// Looks whether the challenge is fulfilled. Ends in bounded time. What the client or its servers do wrong is
    /// <see cref="ValidationResult.Invalid"/>, never an exception.
    /// </summary>
    ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken);
}
