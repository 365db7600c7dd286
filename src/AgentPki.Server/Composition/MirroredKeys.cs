using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Composition;

/// <summary>Keys of CAs that are in two tokens (<c>mirrorOf</c>), looked at when the appliance starts.</summary>
internal static class MirroredKeys
{
    /// <summary>Of each CA whose token has a second, that second has the same key, or none, or is away.</summary>
    /// <exception cref="CommandException">It has another key under that label.</exception>
    internal static async Task RequireSameAsync(ApplianceParts parts, IReadOnlyList<AuthorityRecord> authorities, CancellationToken cancellationToken)
    {
        foreach (var reference in authorities.SelectMany(ReferencesOf).Distinct())
        {
            if (parts.Tokens.Mirrored.FirstOrDefault(m => m.Name == reference.Provider) is not { } pair)
            {
                continue;
            }

            try
            {
                await using var key = await pair.OpenAsync(reference.Label, cancellationToken);
            }
            catch (InvalidOperationException other)
            {
                throw new CommandException(ExitCodes.Environment, other.Message, "'agentpki doctor' says which of the two is that of the certificate. Until then take 'mirrorOf' out of agentpki.yaml.", other);
            }
            catch (KeyUnavailableException)
            {
                // Said when it is to sign: other CAs may be well.
            }
        }
    }

    internal static IEnumerable<KeyReference> ReferencesOf(AuthorityRecord authority) =>
        new[] { authority.Key, authority.Alternative?.Key }.OfType<KeyReference>().Where(k => !k.IsElsewhere);
}
