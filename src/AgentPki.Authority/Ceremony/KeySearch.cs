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
}
