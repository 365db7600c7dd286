using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Administration;

/// <summary>What a ceremony records of a token: everything that it says of itself (CK_TOKEN_INFO, CK_INFO, PKCS#11 v2.40 §3).</summary>
/// <param name="CryptokiVersion">Of the function list that every module has (C_GetInfo).</param>
/// <param name="Interfaces">Those of PKCS#11 v3.0 and later that the module names.</param>
/// <param name="Library">The module's maker, description and version.</param>
/// <param name="Flags">By name, in the order of their bits.</param>
/// <param name="Mechanisms">By name or number, sorted.</param>
public sealed record TokenRecord(
    string Label,
    string SerialNumber,
    string Manufacturer,
    string Model,
    string HardwareVersion,
    string FirmwareVersion,
    string CryptokiVersion,
    IReadOnlyList<string> Interfaces,
    string Library,
    IReadOnlyList<string> Flags,
    IReadOnlyList<string> Mechanisms);

/// <summary>What a ceremony records of a key: its attributes as the token reports them.</summary>
/// <param name="Label">The label without its purpose.</param>
/// <param name="Purpose">As kept with the key.</param>
/// <param name="Backup">How it may be kept a second time, as its ceremony chose.</param>
/// <param name="PublicKey">Null for a secret key, and for a kind that this build does not know.</param>
/// <param name="Private">Of the private or secret key.</param>
/// <param name="Public">Of the public key object; empty where the token keeps none.</param>
/// <param name="Attestation">The token's own statement of how the key was made, as it gives it; null where it gives none.</param>
/// <param name="AttestationFinding">For people: what the statement is, or that none is offered.</param>
public sealed record KeyRecord(
    string Label,
    string? Purpose,
    KeyBackup Backup,
    PublicKey? PublicKey,
    IReadOnlyList<AttributeRecord> Private,
    IReadOnlyList<AttributeRecord> Public,
    byte[]? Attestation,
    string AttestationFinding);

/// <summary>One attribute by the standard's name.</summary>
/// <param name="Value">As text; <see cref="Absent"/> where the token has none, <see cref="Secret"/> where it rightly does not show it.</param>
public sealed record AttributeRecord(string Name, string Value)
{
    public const string Absent = "absent";

    public const string Secret = "secret";
}
