using System.Collections.ObjectModel;

namespace AgentPki.Authority.Acme.Validation;

/// <summary>What a validator found. Closed.</summary>
public abstract record ValidationResult
{
    private ValidationResult()
    {
    }

    /// <summary>The challenge is fulfilled.</summary>
    /// <param name="Evidence">One printable line for the ledger: what was looked for, where, and what was found. No secrets.</param>
    public sealed record Valid(string Evidence) : ValidationResult
    {
        /// <summary>What else was learned and later steps need, by name: an attested key's thumbprint for example.</summary>
        public IReadOnlyDictionary<string, string> Facts { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    }

    /// <summary>The challenge is not fulfilled.</summary>
    /// <param name="Error">For the challenge's <c>error</c> (RFC 8555 §7.1.5).</param>
    /// <param name="Detail">What was looked for, where, and what was found instead; what came from outside in it is short and printable.</param>
    public sealed record Invalid(AcmeErrorType Error, string Detail) : ValidationResult;
}
