using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>Where one key of a CA to be made is, or may be made.</summary>
/// <param name="Where">Null: as the appliance's placement says.</param>
/// <param name="Provider">Where it is known to be; null: looked for everywhere.</param>
/// <param name="Backup">How it may be kept a second time.</param>
internal sealed record AuthorityKeyPlace(KeyAlgorithm Algorithm, KeyPlacement? Where, string? Provider, KeyBackup Backup = KeyBackup.None);

/// <summary>The key of a CA to be made, and its second one if it has two, open; guarded from now on.</summary>
internal sealed class AuthorityKeys : IAsyncDisposable
{
    public AuthorityKeys(CryptoProviders providers, (ISigningKey Key, bool IsNew) first, (ISigningKey Key, bool IsNew)? second)
    {
        (First, Second) = (first, second);
        Guarded = GuardedKey.Take(providers, first.Key);
        Alternative = second is { Key: var key } ? new AlternativeSigner(GuardedKey.Take(providers, key), key.Algorithm.DefaultSignature) : null;
    }

    /// <summary>The key, and whether it was made now.</summary>
    public (ISigningKey Key, bool IsNew) First { get; }

    public (ISigningKey Key, bool IsNew)? Second { get; }

    public GuardedKey Guarded { get; }

    public AlternativeSigner? Alternative { get; }

    public async ValueTask DisposeAsync()
    {
        await Guarded.DisposeAsync();
        if (Alternative is not null)
        {
            await Alternative.Key.DisposeAsync();
        }
    }
}
