using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;

namespace AgentPki.Pkcs11;

// ECDH (PKCS#11 v2.40 §2.3.8): how an officer's card receives his shares.
public sealed partial class Pkcs11Provider
{
    /// <summary>Whether the token agrees on secrets with keys of that kind.</summary>
    public bool CanAgree(KeyAlgorithm algorithm) =>
        algorithm.CanAgree && _pool.Options.Token.AgreementMechanism is { } mechanism && _pool.LastMechanisms?.Contains(mechanism) == true && _pool.Options.Token.Keys.ContainsKey(algorithm);

    /// <summary>Generates a key pair that receives secrets (<see cref="KeyPurpose.KeyEstablishment"/>) and signs nothing; non-extractable, sensitive, never copied.</summary>
    /// <exception cref="ArgumentException">The purpose is another.</exception>
    /// <exception cref="InvalidOperationException">A key of that label exists already; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The token lacks it.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<IAgreementKey> GenerateAgreementKeyAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        if (KeyRoles.RoleOf(spec.Algorithm, spec.Purpose) != KeyRole.Agree || !spec.Algorithm.CanAgree)
        {
            throw new ArgumentException($"A key that agrees on secrets is one of P-256 or P-384 for {KeyPurpose.KeyEstablishment}, not one of {spec.Algorithm} for {spec.Purpose}.", nameof(spec));
        }

        var mechanism = AgreementMechanism();
        return AgreementKey(spec.Label, mechanism, spec.Purpose, await GenerateKeyAsync(spec, cancellationToken));
    }

    /// <summary>Opens the key of that label; null when there is none, or it is for something else.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<IAgreementKey?> OpenAgreementKeyAsync(string label, CancellationToken cancellationToken)
    {
        var opened = await OpenKeyAsync(label, cancellationToken);
        return opened.PublicKey is { Algorithm.CanAgree: true } publicKey && KeyRoles.RoleOf(publicKey.Algorithm, opened.Purpose) == KeyRole.Agree
            ? AgreementKey(label, AgreementMechanism(), opened.Purpose, publicKey)
            : null;
    }

    private ulong AgreementMechanism() => _pool.Options.Token.AgreementMechanism
        ?? throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' agrees on no secrets (agreement: in token.yaml).");

    private Pkcs11AgreementKey AgreementKey(string label, ulong mechanism, KeyPurpose purpose, PublicKey publicKey) =>
        new(_pool, new(Name, label), Object(label), mechanism, purpose, publicKey);
}
