namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>Ends the verification of an attestation; caught in <see cref="DeviceAttestValidator"/> alone, which makes <c>badAttestationStatement</c> of it.</summary>
/// <param name="detail">One sentence, safe to show to the client.</param>
public sealed class AttestationException(string detail) : Exception(detail);
