namespace AgentPki.Authority.Issuance;

/// <summary>What a key returned does not verify, or does not read back as what was prepared (invariant 3). Nothing is released; a person must look at the token.</summary>
public sealed class SignatureRejectedException(string message, Exception? inner = null) : Exception(message, inner);
