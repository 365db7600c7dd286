using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Home;

/// <summary>Reads the files that <c>acme.attestation</c> and <c>acme.authorityTokens</c> name.</summary>
public static class AcmeTrustFiles
{
    /// <exception cref="CommandException">A file is missing or holds no certificates.</exception>
    public static DeviceAttestationOptions Attestation(ApplianceHome home, AttestationSettings settings)
    {
        var options = settings.Options;
        return options with
        {
            Tpm = options.Tpm is { } tpm ? tpm with { Trust = WithRoots(home, tpm.Trust, settings.TpmRoots) } : null,
            AndroidKey = options.AndroidKey is { } android ? android with { Trust = WithRoots(home, android.Trust, settings.AndroidKeyRoots) } : null,
            Apple = options.Apple is { } apple ? apple with { Trust = WithRoots(home, apple.Trust, settings.AppleRoots) } : null,
        };
    }

    /// <exception cref="CommandException">A file is missing or holds no key.</exception>
    public static AuthorityTokenOptions Tokens(ApplianceHome home, AuthorityTokenSettings settings) =>
        settings.Options with { Authorities = [.. settings.Keys.Select(k => Authority(home, k))] };

    private static AttestationTrust WithRoots(ApplianceHome home, AttestationTrust trust, IReadOnlyList<string> files) =>
        trust with { Roots = [.. files.SelectMany(f => Certificates(home.Resolve(f)))] };

    private static IReadOnlyList<Certificate> Certificates(string path) =>
        Pem.TryReadCertificates(path) ?? throw new CommandException(ExitCodes.Usage, $"{path} holds no certificates in PEM, or is missing.", "Put the attestation roots into it, or remove it from acme.attestation.");

    private static TokenAuthority Authority(ApplianceHome home, TokenKeyFile file)
    {
        var path = home.Resolve(file.File);
        var certificate = Pem.TryReadCertificates(path)?[0];
        var key = certificate?.PublicKey ?? Pem.TryReadPublicKey(path)
            ?? throw new CommandException(ExitCodes.Usage, $"{path} holds neither a certificate nor a public key in PEM, or is missing.", "Put the authority's into it, or remove it from acme.authorityTokens.");
        return new TokenAuthority(key, file.Paths) { Issuer = file.Issuer, Certificate = certificate };
    }
}
