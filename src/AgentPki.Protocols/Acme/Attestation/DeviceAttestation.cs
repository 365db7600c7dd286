using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Acme.Attestation.Apple;
using AgentPki.Protocols.Acme.Attestation.Tpm;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>device-attest-01 put together: each format that is configured, one line for each.</summary>
public static class DeviceAttestation
{
    /// <returns>The validator, or none when no format is configured.</returns>
    /// <exception cref="ArgumentException">Options that cannot work.</exception>
    public static IReadOnlyList<IChallengeValidator> Validators(DeviceAttestationOptions options, CryptoProviders providers, TimeProvider time)
    {
        _ = options.Validate();
        IReadOnlyList<IAttestationFormat> formats =
        [
            .. Of(options.Tpm, o => new TpmFormat(o, providers)),
            .. Of(options.AndroidKey, o => new AndroidKeyFormat(o, providers)),
            .. Of(options.Apple, o => new AppleFormat(o, providers)),
        ];
        return formats.Count == 0 ? [] : [new DeviceAttestValidator(formats, options.Rules, time)];
    }

    private static IAttestationFormat[] Of<TOptions>(TOptions? options, Func<TOptions, IAttestationFormat> make)
        where TOptions : class => options is null ? [] : [make(options)];
}
