using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.X509;
using AgentPki.X509.Cms;

namespace AgentPki.Server.Composition;

/// <summary>
/// An officer's keys on a PKCS#11 card: one signs his statements, the other opens what is sealed to him; neither leaves it. A card is one person's: the
/// labels carry no name, so that a second officer's keys do not fit on it.
/// </summary>
public static class OfficerCard
{
    public const string SigningLabel = "officer-sign", ReceivingLabel = "officer-receive";

    /// <summary>Generates both keys on the card.</summary>
    /// <param name="signing">Of the signing key; null for the first in preference that the card has.</param>
    /// <exception cref="InvalidOperationException">The card has an officer's keys already; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The card lacks what an officer needs; the message says what.</exception>
    /// <exception cref="ArgumentException">The name; the message says what would be right.</exception>
    /// <exception cref="KeyUnavailableException">The card cannot be used now.</exception>
    public static async Task<Officer> CreateAsync(Pkcs11Provider card, string name, string fullName, KeyAlgorithm? signing, CancellationToken cancellationToken)
    {
        var kind = signing ?? Preferred.FirstOrDefault(a => card.CapabilitiesFor(a).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign))
            ?? throw new NotSupportedException($"The card makes none of the signing keys that officers use ({string.Join(", ", Preferred)}).");
        if (await card.OpenAsync(SigningLabel, cancellationToken) is { } there)
        {
            await there.DisposeAsync();
            throw new InvalidOperationException("The card has an officer's keys already; nothing was changed. Each officer has a card of his own.");
        }

        // The receiving key first: a card that is cut off here has no signing key yet, and is taken up again.
        var receiving = await ReceivingKeyAsync(card, kind.IsQuantumSafe, cancellationToken);
        await using var key = await card.GenerateAsync(new KeySpec(SigningLabel, kind, KeyPurpose.OfficerStatement), cancellationToken);
        return await Officer.CreateAsync(name, fullName, key, receiving, cancellationToken);
    }

    /// <summary>Opens an officer's card.</summary>
    /// <param name="officer">As the roster has him.</param>
    /// <exception cref="InvalidOperationException">It is another officer's card, or no officer's; the message says which.</exception>
    /// <exception cref="KeyUnavailableException">The card cannot be used now.</exception>
    public static async Task<OfficerKey> OpenAsync(Pkcs11Provider card, Officer officer, CancellationToken cancellationToken)
    {
        var signing = await card.OpenAsync(SigningLabel, cancellationToken)
            ?? throw new InvalidOperationException($"The card has no key '{SigningLabel}': it is no officer's card.");
        if (!signing.PublicKey.Equals(officer.SigningKey))
        {
            await signing.DisposeAsync();
            throw new InvalidOperationException($"This is not the card of {officer.Name}: its key has the SHA-256 {Convert.ToHexStringLower(signing.PublicKey.Fingerprint())}, the roster has {officer.Fingerprint}.");
        }

        if (await card.OpenAgreementKeyAsync(ReceivingLabel, cancellationToken) is { } agreement && agreement.PublicKey.Equals(officer.ReceivingKey))
        {
            return new OfficerKey(officer, signing, (envelope, token) => OpenedAsync(envelope, agreement, token), agreement.DisposeAsync);
        }

        if (await card.OpenDecapsulationKeyAsync(ReceivingLabel, cancellationToken) is { } kem && kem.PublicKey.Equals(officer.ReceivingKey))
        {
            return new OfficerKey(officer, signing, (envelope, token) => OpenedAsync(envelope, kem, token), kem.DisposeAsync);
        }

        await signing.DisposeAsync();
        throw new InvalidOperationException($"The card has not the key '{ReceivingLabel}' to which {officer.Name} receives: it was deleted, or replaced.");
    }

    private static readonly KeyAlgorithm[] Preferred = [KeyAlgorithm.EcdsaP384, KeyAlgorithm.EcdsaP256, KeyAlgorithm.Ed25519, KeyAlgorithm.Rsa3072];

    private static async Task<PublicKey> ReceivingKeyAsync(Pkcs11Provider card, bool quantumSafe, CancellationToken cancellationToken)
    {
        if (quantumSafe)
        {
            await using var kem = await card.OpenDecapsulationKeyAsync(ReceivingLabel, cancellationToken)
                ?? await card.GenerateDecapsulationKeyAsync(new KeySpec(ReceivingLabel, KeyAlgorithm.MlKem768, KeyPurpose.KeyEstablishment), cancellationToken);
            return kem.PublicKey;
        }

        KeyAlgorithm[] curves = [KeyAlgorithm.EcdsaP384, KeyAlgorithm.EcdsaP256];
        var curve = curves.FirstOrDefault(card.CanAgree) ?? throw new NotSupportedException("The card agrees on no secrets with ECDH on P-384 or P-256 (agreement: in token.yaml), by which an officer receives his shares.");
        await using var agreement = await card.OpenAgreementKeyAsync(ReceivingLabel, cancellationToken)
            ?? await card.GenerateAgreementKeyAsync(new KeySpec(ReceivingLabel, curve, KeyPurpose.KeyEstablishment), cancellationToken);
        return agreement.PublicKey;
    }

    private static async ValueTask<byte[]?> OpenedAsync(ReadOnlyMemory<byte> envelope, IAgreementKey key, CancellationToken cancellationToken)
    {
        try
        {
            return (await EnvelopedData.DecryptAsync(envelope, key, cancellationToken))?.Content;
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    private static async ValueTask<byte[]?> OpenedAsync(ReadOnlyMemory<byte> envelope, IDecapsulationKey key, CancellationToken cancellationToken)
    {
        try
        {
            return (await EnvelopedData.DecryptAsync(envelope, key, cancellationToken))?.Content;
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }
}
