using System.Collections.Immutable;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Recovery;

/// <summary>How the keys of an appliance's CAs come to another machine: by the method that each was made with, and that its token shows.</summary>
internal sealed class HomeKeys(IReadOnlyList<Pkcs11Options> tokens, IAuthorityStore authorities, bool isDevelopment)
{
    private const string TokenPrefix = "pkcs11:";

    /// <summary>Folders of the home in which tokens keep their objects.</summary>
    internal IReadOnlyList<string> Folders => [.. tokens.SelectMany(t => t.Token.HomeFolders).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether a key comes along with its token's files. In a development home all do: nothing there is to be believed.</summary>
    internal static bool TakeTokenFiles(IEnumerable<BackedUpKey> keys) => keys.Any(k => k.Method == KeyBackup.TokenFiles);

    internal async ValueTask<ImmutableArray<BackedUpKey>> ListAsync(CancellationToken cancellationToken)
    {
        var methods = new Dictionary<(string Token, string Label), KeyBackup>();
        foreach (var token in tokens)
        {
            foreach (var key in TokenAdministration.ListKeys(token))
            {
                methods.TryAdd((token.Name, key.Label), key.Backup);
            }
        }

        var keys = ImmutableArray.CreateBuilder<BackedUpKey>();
        foreach (var authority in await authorities.ListAsync(cancellationToken))
        {
            var certificate = Certificate.Parse(authority.Der);
            keys.Add(Describe(authority.Name, authority.Key, certificate.PublicKey, methods));
            if (authority.Alternative is { } second && certificate.AlternativePublicKey is { } secondKey)
            {
                keys.Add(Describe(authority.Name, second.Key, secondKey, methods));
            }
        }

        return keys.ToImmutable();
    }

    private BackedUpKey Describe(string name, KeyReference key, PublicKey publicKey, Dictionary<(string, string), KeyBackup> methods)
    {
        var token = key.Provider.StartsWith(TokenPrefix, StringComparison.Ordinal) ? tokens.FirstOrDefault(t => t.Name == key.Provider[TokenPrefix.Length..]) : null;
        var method = token is null ? KeyBackup.None : methods.GetValueOrDefault((token.Name, key.Label));
        var isInFiles = tokens.Any(t => t.Token.HomeFolders.Count > 0);
        return new BackedUpKey(name, key.Provider, key.Label, Convert.ToHexStringLower(publicKey.Fingerprint()), method == KeyBackup.None && isDevelopment && isInFiles ? KeyBackup.TokenFiles : method);
    }
}
