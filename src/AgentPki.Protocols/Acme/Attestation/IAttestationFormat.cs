namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>
/// One attestation statement format (WebAuthn Level 2 §6.5.4, §8) as device-attest-01 uses it: one folder, and one line in <see cref="DeviceAttestation"/>.
/// </summary>
public interface IAttestationFormat
{
    /// <summary>The attestation object's <c>fmt</c>, as IANA's "WebAuthn Attestation Statement Format Identifiers" has it.</summary>
    string Format { get; }

    /// <summary>Verifies a statement down to a configured root, and that it was made for this challenge.</summary>
    /// <exception cref="AttestationException">It does not hold; the message says why.</exception>
    AttestedDevice Verify(AttestationStatement statement, AttestationChallenge challenge);
}

/// <summary>What a statement must have been made for.</summary>
/// <param name="KeyAuthorization">Takes the place of WebAuthn's authenticatorData and clientDataHash (draft-ietf-acme-device-attest-10 §5).</param>
/// <param name="Token">The challenge's token, for formats whose authority signs before the account's key is at hand.</param>
/// <param name="Time">When certificates must be valid.</param>
public sealed record AttestationChallenge(string KeyAuthorization, string Token, DateTimeOffset Time);
