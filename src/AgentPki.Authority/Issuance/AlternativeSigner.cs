using AgentPki.Cryptography;

namespace AgentPki.Authority.Issuance;

/// <summary>A CA's second key, and what it signs with (X.509 (2019) §9.8).</summary>
internal sealed record AlternativeSigner(GuardedKey Key, SignatureAlgorithm Signature);
