using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Acme.Attestation.Apple;
using AgentPki.Protocols.Acme.Attestation.Tpm;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>Settings of device-attest-01. A format that is null is not taken; without any, the challenge is not offered.</summary>
public sealed record DeviceAttestationOptions
{
    public TpmOptions? Tpm { get; init; }

    public AndroidKeyOptions? AndroidKey { get; init; }

    public AppleOptions? Apple { get; init; }

    /// <summary>Which agents attested devices may be; the first that matches a device's identifier decides. None: devices order permanent-identifiers alone.</summary>
    public IReadOnlyList<DeviceRule> Rules { get; init; } = [];

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public DeviceAttestationOptions Validate()
    {
        if (Rules.Select(r => r.WhyNot()).FirstOrDefault(w => w is not null) is { } wrong)
        {
            throw new ArgumentException($"acme.attestation.agents: {wrong}.");
        }

        Tpm?.Validate();
        return this;
    }
}
