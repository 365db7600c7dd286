using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// What a rehearsal finds instead of the real CAs: CAs of the same names, subjects and kinds of keys, on throwaway keys. One whose key is elsewhere is played
/// by one whose key is in the throwaway token.
/// </summary>
public static class StandIns
{
    /// <param name="environment">The rehearsal's.</param>
    /// <param name="real">The CAs of the real home.</param>
    /// <returns>Their names.</returns>
    /// <exception cref="CeremonyException">The throwaway tokens lack an algorithm.</exception>
    public static async Task<IReadOnlyList<string>> MakeAsync(AuthorityEnvironment environment, string keyPrefix, IReadOnlyList<AuthorityRecord> real, CancellationToken cancellationToken)
    {
        var made = new List<string>();
        foreach (var record in Ordered(real))
        {
            // Opened anew for each: an issuer is found once it is there.
            await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
            var certificate = Certificate.Parse(record.Der);
            var kind = KeyKind.Of(certificate);
            try
            {
                await using var keys = await authority.Keys.OpenOrGenerateAuthorityAsync(
                    $"{keyPrefix}{record.Name}-ca", Place(kind.Key), kind.Alternative is { } second ? Place(second) : null, "rehearsal", cancellationToken);
                var issuer = record.Issuer == record.Name ? null : await authority.IssuerAsync(record.Issuer, cancellationToken);
                var draft = new AuthorityDraft(record.Name, certificate.Subject, record.Signature, certificate.NotAfter, certificate.FindExtension(Oids.NameConstraints) is not null);
                await authority.Maker.MakeAsync(draft, keys, issuer, "rehearsal", cancellationToken);
                made.Add(record.Name);
            }
            catch (Exception e) when (e is KeyUnavailableException or InvalidOperationException)
            {
                throw new CeremonyException($"The throwaway tokens cannot play CA '{record.Name}': {e.Message}", e);
            }
        }

        await using var appliance = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var (key, _) = await appliance.Keys.OpenOrGenerateAsync(
            CeremonyOptions.CheckpointLabel(keyPrefix), [KeyAlgorithm.Ed25519, KeyAlgorithm.EcdsaP256], KeyPurpose.LedgerCheckpoint, null, "rehearsal", cancellationToken);
        await key.DisposeAsync();
        return made;
    }

    private static AuthorityKeyPlace Place(KeyAlgorithm algorithm) => new(algorithm, KeyPlacement.AllowTokenWrapped, null);

    // Parents first.
    private static IEnumerable<AuthorityRecord> Ordered(IReadOnlyList<AuthorityRecord> all)
    {
        int Depth(AuthorityRecord record) => record.Issuer == record.Name || all.FirstOrDefault(a => a.Name == record.Issuer) is not { } parent ? 0 : 1 + Depth(parent);
        return all.OrderBy(Depth).ThenBy(a => a.Created);
    }
}
