using AgentPki.Cryptography;

namespace AgentPki.Authority.Spiffe;

/// <summary>A key that verifies JWT-SVIDs of a trust domain, as its bundle has it (SPIFFE Trust Domain and Bundle §4.2.2).</summary>
/// <param name="KeyId">How tokens name it.</param>
/// <param name="Key">Null: of a kind that nothing here verifies.</param>
/// <param name="Jwk">The key as a JSON object, without <c>use</c> and <c>kid</c>; UTF-8.</param>
public sealed record NamedKey(string KeyId, PublicKey? Key, ReadOnlyMemory<byte> Jwk);
