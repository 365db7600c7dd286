using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Testing.Acme;

/// <summary>A challenge that a test judges: everything is valid unless told otherwise.</summary>
public sealed class ScriptedValidator(string type, params string[] identifierTypes) : IChallengeValidator
{
    private int _looks;

    public string Type => type;

    /// <summary>How often it was asked.</summary>
    public int Looks => _looks;

    public Func<ValidationRequest, CancellationToken, Task<ValidationResult>> Judge { get; set; } = (_, _) => Task.FromResult<ValidationResult>(new ValidationResult.Valid("a test said so"));

    public bool Handles(AcmeIdentifier identifier, bool wildcard) => identifierTypes.Contains(identifier.Type) && (!wildcard || type.StartsWith("dns-", StringComparison.Ordinal));

    public async ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _looks);
        return await Judge(request, cancellationToken);
    }
}
