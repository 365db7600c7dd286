using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Tls;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Composition;

/// <summary>The appliance's TLS certificates: one for every client, and where profile and platform have ML-DSA one for those who can verify it.</summary>
internal sealed class ApplianceTls : IDisposable
{
    private readonly List<(TlsCertificateKeeper Keeper, TlsIdentity Identity)> _kept = [];

    private ApplianceTls(TlsServing serving, bool isNew) => (Serving, IsNew) = (serving, isNew);

    internal TlsServing Serving { get; }

    /// <summary>Whether a certificate was issued at this start.</summary>
    internal bool IsNew { get; }

    internal static async Task<ApplianceTls> LoadAsync(
        ApplianceParts parts, CertificateProfile profile, Func<Certificate> issuing, TlsIssuance issue, TimeProvider clock, CancellationToken cancellationToken)
    {
        var logger = parts.Environment.Loggers.CreateLogger<TlsCertificateKeeper>();
        TlsCertificateKeeper KeeperOf(TlsSlot slot) => new(slot, parts.Options, parts.Wrapper, issuing, issue, clock, logger);

        var classicalKeeper = KeeperOf(TlsSlot.Classical(parts.Home));
        var (classical, isNew) = await classicalKeeper.LoadAsync(cancellationToken);
        Tls.Log.TlsPlatform(logger, TlsPlatform.Describe());

        // The profile's first choice counts: a classical home's profile may take ML-DSA keys without serving with one.
        if (profile.KeyAlgorithms[0] is not { Family: AlgorithmFamily.MlDsa } algorithm || !TlsPlatform.CanServe(algorithm))
        {
            var single = new ApplianceTls(new TlsServing(classical, null, null), isNew);
            single._kept.Add((classicalKeeper, classical));
            return single;
        }

        var keeper = KeeperOf(TlsSlot.PostQuantum(parts.Home, algorithm));
        var (postQuantum, isSecondNew) = await keeper.LoadAsync(cancellationToken);
        var both = new ApplianceTls(new TlsServing(classical, postQuantum, algorithm), isNew || isSecondNew);
        both._kept.AddRange([(classicalKeeper, classical), (keeper, postQuantum)]);
        return both;
    }

    /// <summary>What is served now, each certificate without its chain.</summary>
    internal IEnumerable<Certificate> Served => _kept.Select(k => Certificate.Parse(k.Identity.Certificate.RawData));

    /// <summary>Renews while running, until cancelled.</summary>
    /// <param name="looked">Told what became of each look.</param>
    internal IReadOnlyList<Task> Keep(Action<TlsRenewal> looked, CancellationToken cancellationToken) => [.. _kept.Select(k => k.Keeper.KeepAsync(k.Identity, looked, cancellationToken))];

    /// <summary>Renews now what is due or not of the CA that issues it now.</summary>
    /// <returns>Of each certificate, what became of it.</returns>
    internal async Task<IReadOnlyList<TlsRenewal>> RenewAsync(CancellationToken cancellationToken)
    {
        var outcomes = new List<TlsRenewal>();
        foreach (var (keeper, identity) in _kept)
        {
            outcomes.Add(await keeper.RenewAsync(identity, cancellationToken));
        }

        return outcomes;
    }

    public void Dispose() => _kept.ForEach(k => k.Keeper.Dispose());
}
