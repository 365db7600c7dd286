namespace AgentPki.Authority.Revocation;

/// <summary>An OCSPResponse, ready to be sent.</summary>
/// <param name="NextUpdate">Until when it may be relied on; null for an error.</param>
/// <param name="Cacheable">Whether an HTTP cache may keep it until then: it answers the question alone, without a nonce, and with something that was issued.</param>
public sealed record OcspAnswer(ReadOnlyMemory<byte> Der, DateTimeOffset? ProducedAt, DateTimeOffset? NextUpdate, bool Cacheable);
