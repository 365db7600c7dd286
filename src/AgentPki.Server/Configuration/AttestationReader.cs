using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Acme.Attestation.Apple;
using AgentPki.Protocols.Acme.Attestation.Tpm;

namespace AgentPki.Server.Configuration;

/// <summary>device-attest-01 as configured. The roots are still names of files, relative to the home.</summary>
public sealed record AttestationSettings(DeviceAttestationOptions Options)
{
    public IReadOnlyList<string> TpmRoots { get; init; } = [];

    public IReadOnlyList<string> AndroidKeyRoots { get; init; } = [];

    public IReadOnlyList<string> AppleRoots { get; init; } = [];
}

/// <summary>Reads <c>acme.attestation</c>: a section for each format that is taken, and the rules by which devices become agents.</summary>
internal static class AttestationReader
{
    public static AttestationSettings Read(YamlSection section)
    {
        var (tpm, android, apple) = (section.Section("tpm"), section.Section("androidKey"), section.Section("apple"));
        var options = new DeviceAttestationOptions
        {
            Tpm = tpm.IsPresent ? new TpmOptions { Trust = Trust(tpm), Pcrs = [.. tpm.Sections("pcrs").Select(ReadPcr)] } : null,
            AndroidKey = android.IsPresent
                ? new AndroidKeyOptions { Trust = Trust(android), Minimum = android.Choice("minimum", AndroidSecurityLevel.TrustedEnvironment), VerifiedBoot = android.Flag("verifiedBoot", true) }
                : null,
            Apple = apple.IsPresent ? new AppleOptions { Trust = Trust(apple) } : null,
            Rules = [.. section.Sections("agents").Select(ReadRule)],
        };
        var settings = new AttestationSettings(options) { TpmRoots = Roots(tpm), AndroidKeyRoots = Roots(android), AppleRoots = Roots(apple) };
        foreach (var part in new[] { tpm, android, apple, section })
        {
            part.RefuseUnknown();
        }

        return settings;
    }

    private static AttestationTrust Trust(YamlSection section) => new() { Revoked = section.List("revoked") };

    private static IReadOnlyList<string> Roots(YamlSection section)
    {
        var roots = section.List("roots");
        if (section.IsPresent && roots.Count == 0)
        {
            section.Report("roots", "names no file; without root certificates (PEM) no attestation of this format is believed");
        }

        return roots;
    }

    private static PcrRule ReadPcr(YamlSection section)
    {
        var rule = new PcrRule(section.Text("bank", "sha256"), section.Number("index", -1, 0, 23), section.List("values"));
        section.RefuseUnknown();
        return rule;
    }

    private static DeviceRule ReadRule(YamlSection section)
    {
        var rule = new DeviceRule(section.Text("device", ""), section.Text("path", ""));
        section.RefuseUnknown();
        return rule;
    }
}
