using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>The one thing a private key in a token may do.</summary>
internal enum KeyRole
{
    Sign,
    Decapsulate,
    Agree,
    Transport,
}

internal static class KeyRoles
{
    /// <summary>A key on an elliptic curve signs, unless it was made to receive secrets.</summary>
    public static KeyRole RoleOf(KeyAlgorithm algorithm, KeyPurpose purpose) =>
        algorithm.CanEncapsulate ? KeyRole.Decapsulate
        : purpose == KeyPurpose.KeyEstablishment ? KeyRole.Agree
        : purpose == KeyPurpose.KeyTransport ? KeyRole.Transport
        : KeyRole.Sign;
}
