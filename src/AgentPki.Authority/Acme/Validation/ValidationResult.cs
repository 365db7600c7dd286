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
        /// <summary>What proved it and proves nothing else; null: it may be used again.</summary>
        public OneUse? Spends { get; init; }

        /// <summary>What else was learned and later steps need, by name: an attested key's thumbprint for example.</summary>
        public IReadOnlyDictionary<string, string> Facts { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    }

    /// <summary>The challenge is not fulfilled.</summary>
    /// <param name="Error">For the challenge's <c>error</c> (RFC 8555 §7.1.5).</param>
    /// <param name="Detail">What was looked for, where, and what was found instead; what came from outside in it is short and printable.</param>
    public sealed record Invalid(AcmeErrorType Error, string Detail) : ValidationResult;
}

/// <summary>A proof that is good for one authorization, such as an authority token (RFC 9447 §4, <c>jti</c>): whoever commits second with it is refused.</summary>
/// <param name="Id">The same for the same proof, different for any other: a digest.</param>
/// <param name="Expires">When it ends, and with it what is remembered of it.</param>
/// <param name="Refusal">One sentence for who comes second.</param>
public sealed record OneUse(byte[] Id, DateTimeOffset Expires, string Refusal);
