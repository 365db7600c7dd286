using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Administration;

/// <summary>A token as it describes itself.</summary>
public sealed record TokenDetails(
    string Label, string SerialNumber, string Manufacturer, string Model, string FirmwareVersion, string CryptokiVersion, bool Initialized, bool HasUserPin);

/// <summary>A private or secret key as the token describes it; null where the token does not say.</summary>
/// <param name="Label">The label without its purpose, or the whole CKA_LABEL of a key that this appliance did not make.</param>
/// <param name="Purpose">As kept with the key (<c>certificate-authority</c>, <c>key-wrapping</c>, …); null for a foreign key.</param>
/// <param name="Algorithm">Null for secret keys and kinds this build does not know.</param>
/// <param name="Backup">How it may be kept a second time, as its ceremony chose.</param>
public sealed record TokenKeyDetails(
    string Label, string? Purpose, KeyAlgorithm? Algorithm, bool? Sensitive, bool? Extractable, bool? AlwaysSensitive, bool? NeverExtractable, KeyBackup Backup)
{
    /// <summary>Whether the token vouches that the key was generated inside and never could leave.</summary>
    public bool NeverLeft => Sensitive == true && Extractable == false && AlwaysSensitive != false && NeverExtractable != false;
}
