using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>Counts the officers who said the same thing. One officer counts once, however often he says it.</summary>
public sealed class QuorumCount(OfficerRoster roster, CryptoProviders providers, string kind, params IReadOnlyList<(string Name, string Value)> about)
{
    private readonly Dictionary<string, SignedStatement> _statements = new(StringComparer.Ordinal);

    /// <summary>Who has said it, in the order in which they did.</summary>
    public IReadOnlyCollection<string> Officers => _statements.Keys;

    public IReadOnlyCollection<SignedStatement> Statements => _statements.Values;

    /// <summary>Whether there are enough.</summary>
    public bool IsMet(int? quorum = null) => _statements.Count >= (quorum ?? roster.Quorum);

    /// <summary>Takes a statement; otherwise the reason why it does not count.</summary>
    public string? Add(SignedStatement signed)
    {
        if (!signed.TryVerify(roster, providers, out var verified, out var problem))
        {
            return problem;
        }

        var name = verified.Officer.Name;
        if (verified.Statement.Kind != kind)
        {
            return $"{name} has signed '{verified.Statement.Kind}', not '{kind}'";
        }

        foreach (var (fact, value) in about)
        {
            if (verified.Statement[fact] != value)
            {
                return $"{name} has signed for another {fact}: {verified.Statement[fact] ?? "none"}, not {value}";
            }
        }

        if (verified.Statement.About.Length != about.Count)
        {
            return $"the statement of {name} says more than was asked";
        }

        return _statements.TryAdd(name, signed) ? null : $"{name} counts already: a second officer is needed";
    }
}
