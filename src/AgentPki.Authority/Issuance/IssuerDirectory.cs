using System.Collections.Concurrent;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>The certification authorities of this appliance, as the store knows them, and which of them takes whose place.</summary>
public sealed class IssuerDirectory : IAsyncDisposable
{
    private readonly IAuthorityStore _authorities;
    private readonly ICertificateStore _certificates;
    private readonly CryptoProviders _providers;
    private readonly AuthorityOptions _options;
    private readonly RevocationClock _revocations;
    private readonly ConcurrentDictionary<string, (long Epoch, bool Revoked)> _status = new(StringComparer.Ordinal);
    private volatile IssuerSet _set = IssuerSet.Empty;

    private IssuerDirectory(IAuthorityStore authorities, ICertificateStore certificates, CryptoProviders providers, AuthorityOptions options, RevocationClock revocations) =>
        (_authorities, _certificates, _providers, _options, _revocations) = (authorities, certificates, providers, options, revocations);

    /// <summary>Every CA, in the order they were created: the root first. Another list once a CA has come.</summary>
    public IReadOnlyList<Issuer> All => _set.All;

    /// <summary>Which CA takes whose place.</summary>
    public IReadOnlyList<SuccessionRecord> Successions => _set.Successions;

    public Issuer? Find(string name) => _set.Find(name);

    /// <summary>A CA of that subject name; a root and its successor share one.</summary>
    public Issuer? FindBySubject(X500Name subject) => _set.OfSubject(subject) is [var first, ..] ? first : null;

    /// <summary>The CA that a certificate says it is from: by issuer name, and by key identifier where several have it (RFC 5280 §4.2.1.1).</summary>
    public Issuer? FindIssuerOf(Certificate certificate)
    {
        var candidates = _set.OfSubject(certificate.Issuer);
        return candidates is [var only] ? only : candidates.FirstOrDefault(c => c.Certificate.SubjectKeyIdentifier.Span.SequenceEqual(certificate.AuthorityKeyIdentifier.Span));
    }

    /// <summary>The last of a CA's line, whether or not it issues already.</summary>
    public Issuer? NewestOf(string name) => _set.Follow(name, SuccessionState.Prepared);

    /// <summary>
    /// Who issues for a profile now. Agents' certificates follow a successor from its switch on; the appliance's own, which clients verify with what they
    /// trusted before, when the succession is finished, and for HTTPS not beyond what the platform's TLS accepts; an OCSP responder belongs to one CA and follows none.
    /// </summary>
    public Issuer? IssuerFor(CertificateProfile profile) => profile.Use switch
    {
        ProfileUse.Agent => _set.Follow(profile.Issuer, SuccessionState.Switched),
        ProfileUse.OcspResponder => Find(profile.Issuer),
        ProfileUse.TlsServer => _set.LineOf(profile.Issuer, SuccessionState.Finished).LastOrDefault(i => WhyNotInTls(i) is null) ?? SettledIn(profile.Issuer),
        _ => SettledIn(profile.Issuer),
    };

    /// <summary>Why the platform's TLS accepts no certificate of this CA; null: it does.</summary>
    public string? WhyNotInTls(Issuer issuer) => issuer.Chain.Select(c => _options.WhyNotInTls(c.PublicKey.Algorithm)).FirstOrDefault(why => why is not null);

    /// <summary>The CA of a line that relying parties are known to trust: the last whose succession is finished.</summary>
    public Issuer? SettledIn(string name) => _set.Follow(name, SuccessionState.Finished);

    /// <summary>The name by which profiles know a CA: that of the first of its line.</summary>
    public string LineageOf(string name) => _set.LineageOf(name);

    /// <summary>What relying parties of a profile are given: the chain that issues, and while a succession lasts the others of both lines and the roll-over certificates (RFC 7030 §4.1.3).</summary>
    /// <returns>The same list as long as nothing changes.</returns>
    public IReadOnlyList<Certificate> DistributionFor(CertificateProfile profile, DateTimeOffset now) => IssuerFor(profile) is { } issuer ? _set.DistributionFor(issuer, now) : [];

    /// <summary>The chains that are sent with a certificate of that CA, the preferred one first; none of them has a root.</summary>
    public IReadOnlyList<IReadOnlyList<Certificate>> ChainsOf(string name, DateTimeOffset now) => _set.ChainsOf(name, now);

    /// <summary>Reads the CAs; their keys are opened when first needed.</summary>
    /// <exception cref="InvalidOperationException">The store's records contradict each other: the appliance must not start.</exception>
    public static async ValueTask<IssuerDirectory> LoadAsync(
        IAuthorityStore authorities, ICertificateStore certificates, CryptoProviders providers, AuthorityOptions options, RevocationClock revocations, CancellationToken cancellationToken)
    {
        var directory = new IssuerDirectory(authorities, certificates, providers, options, revocations);
        await directory.ReloadAsync(cancellationToken);
        return directory;
    }

    /// <summary>Reads them again: CAs that are known stay as they are, with their opened keys.</summary>
    public async ValueTask ReloadAsync(CancellationToken cancellationToken)
    {
        var known = _set;
        var records = (await _authorities.ListAsync(cancellationToken)).ToDictionary(r => r.Name, StringComparer.Ordinal);
        var parsed = records.Values.ToDictionary(r => r.Name, r => Certificate.Parse(r.Der), StringComparer.Ordinal);
        var issuers = records.Values
            .OrderBy(r => r.Created).ThenBy(r => ChainOf(r, records, parsed).Count)
            .Select(r => known.Find(r.Name) ?? new Issuer(r, ChainOf(r, records, parsed), SignerOf(r, parsed[r.Name], _providers), _options));
        _set = new IssuerSet([.. issuers], await _authorities.ListSuccessionsAsync(cancellationToken));
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
