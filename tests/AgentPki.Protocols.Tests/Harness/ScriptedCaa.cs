using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>CAA records that a test has written.</summary>
internal sealed class ScriptedCaa : ICaaChecker
{
    public required ValidationResult Answer { get; set; }

    /// <summary>What was asked last: the name, the method of validation, the account.</summary>
    public (string, string, string) Asked { get; private set; }

    public ValueTask<ValidationResult> CheckAsync(AcmeIdentifier identifier, bool wildcard, string method, string accountUrl, CancellationToken cancellationToken)
    {
        Asked = (identifier.Value, method, accountUrl);
        return new(Answer);
    }
}
