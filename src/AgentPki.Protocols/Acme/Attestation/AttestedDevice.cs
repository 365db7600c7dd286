using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>What a valid statement says.</summary>
/// <param name="Key">The key that lives in the device; the certificate is for no other.</param>
/// <param name="Identifiers">Names of the device, as permanent-identifiers are written (draft-ietf-acme-device-attest-10 §3.1); at least one.</param>
/// <param name="Evidence">For the ledger: what vouches for the device, and what it was held against.</param>
public sealed record AttestedDevice(PublicKey Key, IReadOnlyList<string> Identifiers, string Evidence);
