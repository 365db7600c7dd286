using System.Security.Cryptography;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>A wrapped key that cannot be used as it lies there: damaged, changed, put in another's place, or wrapped by another token. The message says which, and the remedy.</summary>
public sealed class WrappedKeyException(string message, Exception? inner = null) : CryptographicException(message, inner);
