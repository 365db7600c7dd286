namespace AgentPki.Cryptography;

/// <summary>What to generate: the key's name inside its provider, its kind, and the one thing it may sign.</summary>
/// <param name="Label">Unique within the provider; printable ASCII, at most 64 characters (CKA_LABEL in a token).</param>
public sealed record KeySpec(string Label, KeyAlgorithm Algorithm, KeyPurpose Purpose);

/// <summary>Where a key is found again: provider and label. This is what the store keeps of a private key.</summary>
public sealed record KeyReference(string Provider, string Label);
