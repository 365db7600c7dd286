using AgentPki.Cryptography;

namespace AgentPki.Pkcs11;

/// <summary>How keys of a token may be kept a second time (<c>keyBackup:</c> in token.yaml).</summary>
/// <param name="Methods">Those that a ceremony may choose from; a key's own choice is kept with the key.</param>
/// <param name="Wrapping">How a key leaves; null where <see cref="KeyBackup.Wrapped"/> is not among the methods.</param>
public sealed record TokenBackup(IReadOnlySet<KeyBackup> Methods, TokenBackupWrapping? Wrapping);

/// <summary>A key that leaves is wrapped under an AES-256 key of the moment, and that under an RSA key of the token that is to have it.</summary>
/// <param name="Kinds">The kinds of keys that leave and come in this way.</param>
/// <param name="Mechanism">Wraps a private key under an AES key as RFC 5649 has it; tokens differ in which mechanism that is.</param>
/// <param name="OaepHash">The hash of RSA-OAEP.</param>
/// <param name="OaepMgf">Its mask generation.</param>
/// <param name="PublicValue">The attribute in which the token wants the public key's octets beside an elliptic-curve key that it unwraps; null where it wants none.</param>
public sealed record TokenBackupWrapping(IReadOnlySet<KeyAlgorithm> Kinds, ulong Mechanism, ulong OaepHash, ulong OaepMgf, ulong? PublicValue);
