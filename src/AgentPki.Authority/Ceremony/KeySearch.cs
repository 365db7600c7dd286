using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>Finds a key of the appliance by its name, whichever provider keeps it.</summary>
public static class KeySearch
{
    /// <summary>The key of that label, or null when no provider has it.</summary>
    /// <param name="first">The provider to ask first: while it has the key, no other needs to be there.</param>
    /// <exception cref="KeyUnavailableException">A provider that might have it cannot work now.</exception>
    public static async ValueTask<ISigningKey?> FindAsync(CryptoProviders providers, string label, string? first, CancellationToken cancellationToken)
    {
        foreach (var provider in providers.All.OrderBy(p => p.Name == first ? 0 : 1))
        {
            if (await provider.OpenAsync(label, cancellationToken) is { } key)
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>The same for a key that can be made anew: providers that are away are passed over.</summary>
    /// <returns>The key, or null; and those that might have it and are away, each with the reason.</returns>
    internal static async ValueTask<(ISigningKey? Key, IReadOnlyDictionary<string, KeyUnavailableException> Away)> FindWhereThereIsAsync(
        CryptoProviders providers, string label, string? first, CancellationToken cancellationToken)
    {
        var away = new Dictionary<string, KeyUnavailableException>(StringComparer.Ordinal);
        foreach (var provider in providers.All.OrderBy(p => p.Name == first ? 0 : 1))
        {
            try
            {
                if (await provider.OpenAsync(label, cancellationToken) is { } key)
                {
                    return (key, away);
                }
            }
            catch (KeyUnavailableException failure)
            {
                away[provider.Name] = failure;
            }
        }

        return (null, away);
    }
}
