using System.Collections.Concurrent;
using System.Collections.Frozen;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>The CAs and their successions at one moment: what an <see cref="IssuerDirectory"/> exchanges as a whole.</summary>
internal sealed class IssuerSet
{
    public static readonly IssuerSet Empty = new([], []);

    private readonly FrozenDictionary<string, Issuer> _byName;
    private readonly FrozenDictionary<X500Name, IReadOnlyList<Issuer>> _bySubject;
    private readonly FrozenDictionary<string, SuccessionRecord> _successorOf;
    private readonly FrozenDictionary<string, SuccessionRecord> _predecessorOf;
    private readonly ConcurrentDictionary<(string Issuer, string Open), IReadOnlyList<Certificate>> _distributions = new();

    public IssuerSet(IReadOnlyList<Issuer> issuers, IReadOnlyList<SuccessionRecord> successions)
    {
        (All, Successions) = (issuers, successions);
        _byName = issuers.ToFrozenDictionary(i => i.Name, StringComparer.Ordinal);
        _bySubject = issuers.GroupBy(i => i.Certificate.Subject).ToFrozenDictionary(g => g.Key, g => (IReadOnlyList<Issuer>)[.. g]);
        _successorOf = successions.ToFrozenDictionary(s => s.Predecessor, StringComparer.Ordinal);
        _predecessorOf = successions.ToFrozenDictionary(s => s.Successor, StringComparer.Ordinal);
    }

    public IReadOnlyList<Issuer> All { get; }

    public IReadOnlyList<SuccessionRecord> Successions { get; }

    public Issuer? Find(string name) => _byName.GetValueOrDefault(name);

    public IReadOnlyList<Issuer> OfSubject(X500Name subject) => _bySubject.GetValueOrDefault(subject) ?? [];

    /// <summary>The CAs of a line, the oldest first, as far as successions have reached at least that state.</summary>
    public IEnumerable<Issuer> LineOf(string name, SuccessionState atLeast) => SuccessionRecord.LineOf(name, _successorOf.GetValueOrDefault, atLeast).Select(Find).OfType<Issuer>();

    /// <summary>The last of them.</summary>
    public Issuer? Follow(string name, SuccessionState atLeast) => LineOf(name, atLeast).LastOrDefault();

    public string LineageOf(string name)
    {
        while (_predecessorOf.TryGetValue(name, out var succession))
        {
            name = succession.Predecessor;
        }

        return name;
    }

    public IReadOnlyList<Certificate> DistributionFor(Issuer issuer, DateTimeOffset now)
    {
        var open = Successions.Where(s => s.IsServedAt(now) && ConcernsLineOf(issuer, s)).ToList();
        return open.Count == 0
            ? issuer.Chain
            : _distributions.GetOrAdd((issuer.Name, string.Join(' ', open.Select(s => s.Predecessor))), static (_, made) => [.. Collect(made.Set, made.Issuer, made.Open).Distinct()], (Set: this, Issuer: issuer, Open: open));
    }

    /// <summary>
    /// What is sent with a certificate of that CA (RFC 8555 §7.4.2): its chain without the root first, and while the root has a successor, or is one, the way to the
    /// other root.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<Certificate>> ChainsOf(string name, DateTimeOffset now)
    {
        if (Find(name) is not { } issuer)
        {
            return [];
        }

        var root = All.FirstOrDefault(i => i.Certificate.Der.Span.SequenceEqual(issuer.Chain[^1].Der.Span));
        IReadOnlyList<Certificate> chain = [.. issuer.Chain.Take(Math.Max(1, issuer.Chain.Count - 1))];
        var others = Successions.Where(s => s.IsServedAt(now))
            .Select(s => s.Predecessor == root?.Name ? s.OldWithNew : s.Successor == root?.Name ? s.NewWithOld : null)
            .OfType<byte[]>()
            .Select(cross => (IReadOnlyList<Certificate>)[.. chain, Certificate.Parse(cross)]);
        return [chain, .. others];
    }

    private static IEnumerable<Certificate> Collect(IssuerSet set, Issuer issuer, List<SuccessionRecord> open)
    {
        var certificates = issuer.Chain.AsEnumerable();
        foreach (var succession in open)
        {
            certificates = certificates.Concat(set.Find(succession.Successor)?.Chain ?? []).Concat(set.Find(succession.Predecessor)?.Chain ?? [])
                .Concat(new[] { succession.NewWithOld, succession.OldWithNew }.OfType<byte[]>().Select(der => Certificate.Parse(der)));
        }

        return certificates;
    }

    // A succession of this CA's line, or of that of a CA above it.
    private bool ConcernsLineOf(Issuer issuer, SuccessionRecord succession)
    {
        for (var current = issuer; ;)
        {
            if (LineageOf(current.Name) == LineageOf(succession.Predecessor))
            {
                return true;
            }

            if (current.Parent == current.Name || Find(current.Parent) is not { } parent)
            {
                return false;
            }

            current = parent;
        }
    }
}
