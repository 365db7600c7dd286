using System.Collections.Immutable;

namespace AgentPki.Ledger.Verification;

/// <summary>Collects findings: all are counted, the first ones are kept.</summary>
internal sealed class FindingList(int capacity)
{
    private readonly ImmutableArray<LedgerFinding>.Builder _kept = ImmutableArray.CreateBuilder<LedgerFinding>();

    public long Count { get; private set; }

    /// <summary>The entries already found wrong, as far as findings are kept.</summary>
    public bool Touches(long first, long last) => _kept.Any(f => f.First is { } from && from <= last && (f.Last ?? from) >= first);

    public void Add(LedgerFindingKind kind, long? first, long? last, string detail)
    {
        Count++;
        if (_kept.Count < capacity)
        {
            _kept.Add(new LedgerFinding(kind, first, last, detail));
        }
    }

    public void Add(LedgerFindingKind kind, long index, string detail) => Add(kind, index, index, detail);

    public ImmutableArray<LedgerFinding> ToImmutable() => _kept.ToImmutable();
}
