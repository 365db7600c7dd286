using AgentPki.Cryptography;

namespace AgentPki.Authority.Enrollment;

/// <summary>A key made for a requester.</summary>
internal sealed record MadeKey(PublicKey PublicKey, byte[] Pkcs8);

/// <summary>
/// Makes keys for EST serverkeygen (RFC 7030 §4.4) in software: they leave the appliance at once, so that a token would only be in the way.
/// Nothing of them is kept.
/// </summary>
internal sealed class SubjectKeyMaker(CryptoProviders providers)
{
    /// <exception cref="KeyUnavailableException">No software provider makes keys of that kind.</exception>
    public async ValueTask<MadeKey> MakeAsync(KeyAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var provider = providers.All.FirstOrDefault(p => p.Protection == KeyProtection.Software && p.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Generate))
            ?? throw new KeyUnavailableException($"No software provider makes {algorithm} keys.", TimeSpan.FromMinutes(10));
        var label = $"subject-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16))}";
        await using var key = await provider.GenerateAsync(new KeySpec(label, algorithm, KeyPurpose.Subject), cancellationToken);
        return key is SoftwareSigningKey software
            ? new MadeKey(key.PublicKey, software.ExportPkcs8())
            : throw new KeyUnavailableException($"Provider '{provider.Name}' makes keys that cannot be handed out.", TimeSpan.FromMinutes(10));
    }
}
