using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Validation;

namespace AgentPki.Protocols.Acme.Attestation.AndroidKey;

/// <summary>
/// <c>android-key</c> (WebAuthn Level 2 §8.4) with a key authorization in the place of authenticatorData and clientDataHash
/// (draft-ietf-acme-device-attest-10 §5): a certificate chain whose first certificate is for the key itself and describes where it is kept.
/// </summary>
internal sealed class AndroidKeyFormat(AndroidKeyOptions options, CryptoProviders providers) : IAttestationFormat
{
    public string Format => "android-key";

    public AttestedDevice Verify(AttestationStatement statement, AttestationChallenge challenge)
    {
        // 1. A root vouches for the certificate, whose key signed the key authorization.
        var certificate = options.Trust.Verify(statement.List("x5c"), null, challenge.Time, providers);
        CheckSignature(statement, certificate.PublicKey, challenge.KeyAuthorization);

        // 2. It was made for this challenge.
        var description = certificate.FindExtension(KeyDescription.Oid) is { } extension
            ? KeyDescription.Parse(extension.Value)
            : throw new AttestationException($"The device's certificate has no key description (extension {KeyDescription.Oid}).");
        if (!description.Challenge.AsSpan().SequenceEqual(KeyAuthorizations.Digest(challenge.KeyAuthorization)))
        {
            throw new AttestationException("The attestationChallenge is not the SHA-256 of this challenge's key authorization: it was made for another challenge or another account.");
        }

        // 3. Where the key is kept, and that it was made there to sign for one application.
        CheckKey(description);
        if (options.VerifiedBoot && description.Hardware.RootOfTrust is not (true, AuthorizationList.Verified))
        {
            throw new AttestationException("The device did not start, locked, a system that its maker signed (rootOfTrust), which this server wants.");
        }

        // 4. Only what the secure environment vouches for counts as the device's name.
        var trusted = options.Minimum == AndroidSecurityLevel.Software ? description.Hardware.Identifiers.Concat(description.Software.Identifiers) : description.Hardware.Identifiers;
        var names = trusted.Select(i => DeviceNames.Read(i)).OfType<string>().ToList();
        return names.Count > 0
            ? new AttestedDevice(certificate.PublicKey, names, $"key in {description.KeyLevel}, certificate {certificate.SerialHex} of '{AcmeText.Shown(certificate.Issuer.ToString())}'")
            : throw new AttestationException("The attestation names no device: ask for attestationIdSerial when the key is made (setDevicePropertiesAttestationIncluded, or a device owner's generateKeyPair).");
    }

    private void CheckSignature(AttestationStatement statement, PublicKey key, string keyAuthorization)
    {
        var algorithm = statement.Integer("alg") switch
        {
            -7 => SignatureAlgorithm.EcdsaSha256,
            -35 => SignatureAlgorithm.EcdsaSha384,
            -257 => SignatureAlgorithm.RsaPkcs1Sha256,
            var other => throw new AttestationException($"The statement's alg {other} is not taken; use ES256 (-7), ES384 (-35) or RS256 (-257)."),
        };
        if (!algorithm.Fits(key.Algorithm) || !providers.Verify(key, algorithm, Encoding.UTF8.GetBytes(keyAuthorization), statement.Octets("sig").Span))
        {
            throw new AttestationException("The statement's sig is not a signature of the attested key over this challenge's key authorization.");
        }
    }

    private void CheckKey(KeyDescription description)
    {
        if (description.AttestationLevel < options.Minimum || description.KeyLevel < options.Minimum)
        {
            throw new AttestationException($"The key is kept in {description.KeyLevel} and attested by {description.AttestationLevel}; this server takes {options.Minimum} and better.");
        }

        var (hardware, software) = (description.Hardware, description.Software);
        if (hardware.AllApplications || software.AllApplications)
        {
            throw new AttestationException("Any application of the device may use the key (allApplications); one that belongs to a single application is wanted (WebAuthn §8.4.1).");
        }

        // WebAuthn §8.4: what the secure environment enforces, and both where software may.
        var origin = options.Minimum == AndroidSecurityLevel.Software ? hardware.Origin ?? software.Origin : hardware.Origin;
        var purposes = options.Minimum == AndroidSecurityLevel.Software ? hardware.Purposes.Concat(software.Purposes) : hardware.Purposes;
        if (origin != AuthorizationList.Generated || !purposes.Contains(AuthorizationList.Sign))
        {
            throw new AttestationException("The key was not made where it is kept (origin GENERATED), or is not for signatures (purpose SIGN).");
        }
    }
}
