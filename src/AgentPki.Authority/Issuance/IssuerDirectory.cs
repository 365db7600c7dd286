using System.Collections.Concurrent;
using System.Collections.Frozen;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>The certification authorities of this appliance, as the store knows them.</summary>
public sealed class IssuerDirectory : IAsyncDisposable
{
    private readonly FrozenDictionary<string, Issuer> _byName;
    private readonly FrozenDictionary<X500Name, Issuer> _bySubject;
    private readonly ICertificateStore _certificates;
    private readonly RevocationClock _revocations;
    private readonly ConcurrentDictionary<string, (long Epoch, bool Revoked)> _status = new(StringComparer.Ordinal);

    private IssuerDirectory(IReadOnlyList<Issuer> issuers, ICertificateStore certificates, RevocationClock revocations)
    {
        (All, _certificates, _revocations) = (issuers, certificates, revocations);
        _byName = issuers.ToFrozenDictionary(i => i.Name, StringComparer.Ordinal);
        _bySubject = issuers.ToFrozenDictionary(i => i.Certificate.Subject);
    }

    /// <summary>Every CA, in the order they were created: the root first.</summary>
    public IReadOnlyList<Issuer> All { get; }

    public Issuer? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The CA of that subject name.</summary>
    public Issuer? FindBySubject(X500Name subject) => _bySubject.GetValueOrDefault(subject);

    /// <summary>Reads the CAs; their keys are opened when first needed.</summary>
    /// <exception cref="InvalidOperationException">The store's records contradict each other: the appliance must not start.</exception>
    public static async ValueTask<IssuerDirectory> LoadAsync(
        IAuthorityStore authorities, ICertificateStore certificates, CryptoProviders providers, AuthorityOptions options, RevocationClock revocations, CancellationToken cancellationToken)
    {
        var records = (await authorities.ListAsync(cancellationToken)).ToDictionary(r => r.Name, StringComparer.Ordinal);
        var parsed = records.Values.ToDictionary(r => r.Name, r => Certificate.Parse(r.Der), StringComparer.Ordinal);
        var issuers = records.Values
            .OrderBy(r => r.Created).ThenBy(r => ChainOf(r, records, parsed).Count)
            .Select(r => new Issuer(r, ChainOf(r, records, parsed), SignerOf(r, parsed[r.Name], providers), options));
        return new IssuerDirectory([.. issuers], certificates, revocations);
    }

    /// <summary>Why this CA must not issue or vouch now, or null: it or a CA above it has ended or is revoked.</summary>
    public async ValueTask<string?> WhyNotUsableAsync(Issuer issuer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        for (var current = issuer; ;)
        {
            if (!current.Certificate.IsValidAt(now))
            {
                return $"the certificate of CA '{current.Name}' is valid from {current.Certificate.NotBefore:u} to {current.Certificate.NotAfter:u} only";
            }

            if (current.Parent == current.Name || Find(current.Parent) is not { } parent)
            {
                return null;
            }

            if (await IsRevokedAsync(current, cancellationToken))
            {
                return $"the certificate of CA '{current.Name}' is revoked";
            }

            current = parent;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var issuer in All)
        {
            await issuer.DisposeAsync();
        }
    }

    // Asked for every certificate; the store is asked again only after a revocation of that CA's parent's certificates.
    private async ValueTask<bool> IsRevokedAsync(Issuer issuer, CancellationToken cancellationToken)
    {
        var epoch = _revocations.EpochOf(issuer.Parent);
        if (_status.TryGetValue(issuer.Name, out var known) && known.Epoch == epoch)
        {
            return known.Revoked;
        }

        var revoked = await _certificates.FindStatusAsync(issuer.Parent, issuer.Certificate.SerialNumber, cancellationToken) is not CertificateStatus.Good;
        _status[issuer.Name] = (epoch, revoked);
        return revoked;
    }

    private static AuthoritySigner SignerOf(AuthorityRecord record, Certificate certificate, CryptoProviders providers)
    {
        AlternativeSigner? alternative = null;
        if (record.Alternative is { } second)
        {
            var publicKey = certificate.AlternativePublicKey
                ?? throw new InvalidOperationException($"CA '{record.Name}' is recorded with an alternative key '{second.Key.Label}', but its certificate names none.");
            alternative = new AlternativeSigner(GuardedKey.Find(providers, second.Key, publicKey), second.Signature);
        }

        return new AuthoritySigner(record.Name, GuardedKey.Find(providers, record.Key, certificate.PublicKey), alternative, providers);
    }

    private static List<Certificate> ChainOf(AuthorityRecord record, Dictionary<string, AuthorityRecord> records, Dictionary<string, Certificate> parsed)
    {
        var chain = new List<Certificate> { parsed[record.Name] };
        for (var current = record; current.Issuer != current.Name; )
        {
            current = chain.Count <= records.Count && records.TryGetValue(current.Issuer, out var parent)
                ? parent
                : throw new InvalidOperationException($"CA '{record.Name}' names an issuer '{current.Issuer}' that is not there.");
            chain.Add(parsed[current.Name]);
        }

        return chain;
    }
}
