using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>Where, with whom and with what a ceremony is held.</summary>
/// <param name="KeyFile">The transcript's key while it may be resumed: in the home's secrets.</param>
/// <param name="ScriptFolder">What paths in the script are relative to.</param>
/// <param name="SoftwareProviders">Verify, and make the transcript's key.</param>
/// <param name="Software">This program and its version.</param>
/// <param name="System">The machine, as far as it helps an auditor: operating system and processor.</param>
/// <param name="VerifyScript">The shell script that verifies the evidence without this program; it is put beside it.</param>
public sealed record CeremonySetting(
    ICeremonyHome Home, ICeremonyRoom Room, EvidenceFolder Folder, string KeyFile, string ScriptFolder, CryptoProviders SoftwareProviders, string Software, string System, ReadOnlyMemory<byte> VerifyScript, TimeProvider Time);
