using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>
/// device-attest-01 (draft-ietf-acme-device-attest-10 §5): the client proves with its device's own attestation that a key lives in that device, and gets a
/// certificate for that key. It needs no network and no shared secret.
/// </summary>
internal sealed class DeviceAttestValidator(IReadOnlyList<IAttestationFormat> formats, IReadOnlyList<DeviceRule> rules, TimeProvider time) : IChallengeValidator
{
    public const string ChallengeType = "device-attest-01";

    public string Type => ChallengeType;

    public bool Handles(AcmeIdentifier identifier, bool wildcard) => !wildcard && identifier.Type switch
    {
        AcmeIdentifierTypes.PermanentIdentifier => true,
        AcmeIdentifierTypes.Spiffe => SpiffeId.TryParse(identifier.Value, out var id) && rules.Any(r => r.CanGive(id.Path)),
        _ => false,
    };

    public ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult(Validate(request));
        }
        catch (AttestationException refused)
        {
            return ValueTask.FromResult<ValidationResult>(new ValidationResult.Invalid(AcmeErrorType.BadAttestationStatement, refused.Message));
        }
    }

    private ValidationResult Validate(ValidationRequest request)
    {
        // 1. The attestation object.
        var statement = AttestationStatement.Parse(AttestationObject(request.Payload));
        if (formats.FirstOrDefault(f => f.Format == statement.Format) is not { } format)
        {
            throw new AttestationException($"Attestations of format '{AcmeText.Shown(statement.Format)}' are not taken; this server takes {string.Join(", ", formats.Select(f => f.Format))}.");
        }

        // 2. That it holds, and for this challenge (§5, steps 1 and 2).
        var device = format.Verify(statement, new AttestationChallenge(request.KeyAuthorization, request.Token, time.GetUtcNow()));

        // 3. That it is of the device, or of the agent's device, that was ordered (§5, step 3).
        var key = Convert.ToHexStringLower(device.Key.Fingerprint());
        var matched = request.Identifier.Type == AcmeIdentifierTypes.Spiffe ? DeviceOf(request.Identifier, device) : device.Identifiers.FirstOrDefault(i => i == request.Identifier.Value);
        if (matched is null)
        {
            var names = string.Join(", ", device.Identifiers.Select(i => $"'{AcmeText.Shown(i)}'"));
            throw new AttestationException(request.Identifier.Type == AcmeIdentifierTypes.Spiffe
                ? $"The attestation is valid and of the device {names}, which this server's rules do not let be {AcmeText.Shown(request.Identifier.Value, 160)}."
                : $"The attestation is valid and of the device {names}, not of '{AcmeText.Shown(request.Identifier.Value)}', which was ordered.");
        }

        return new ValidationResult.Valid($"{Type}: {format.Format}, device '{AcmeText.Shown(matched)}', key {key}; {device.Evidence}") { Facts = new Dictionary<string, string>(StringComparer.Ordinal) { [AcmeFacts.KeySha256] = key } };
    }

    // The first rule that knows an identifier decides what it may be.
    private string? DeviceOf(AcmeIdentifier identifier, AttestedDevice device) => SpiffeId.TryParse(identifier.Value, out var id)
        ? device.Identifiers.FirstOrDefault(i => rules.FirstOrDefault(r => r.Matches(i))?.PathFor(i) == id.Path)
        : null;

    private static byte[] AttestationObject(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return AcmePayload.Parse(payload).Octets("attObj") ?? throw new AttestationException("The answer to the challenge has no \"attObj\"; it holds the attestation object in base64url.");
        }
        catch (AcmePayloadException error)
        {
            throw new AttestationException(error.Problem.Detail);
        }
    }
}
