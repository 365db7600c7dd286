using System.Collections.Immutable;
using AgentPki.Cryptography;

namespace AgentPki.Ledger.Notes;

/// <summary>Which witnesses somebody believes, and how many of them must have cosigned a head: k of n (C2SP tlog-proof, "Verifying a tlog proof", step 3).</summary>
/// <remarks>A witness is a name. Several keys of one name are one witness, and one key under two names is refused: neither makes two of one.</remarks>
public sealed class CosignaturePolicy
{
    private readonly ImmutableArray<NoteKey> _keys;

    /// <exception cref="ArgumentException">A key is no witness's, stands under two names, or the quorum is more than there are witnesses.</exception>
    public CosignaturePolicy(IEnumerable<NoteKey> witnesses, int quorum)
    {
        _keys = [.. witnesses.DistinctBy(key => key.ToString())];
        var names = _keys.Select(key => key.Name).Distinct().Count();
        if (_keys.FirstOrDefault(key => !key.Type.IsTimestamped) is { } other)
        {
            throw new ArgumentException($"The key {other.Name} is for {other.Type}, not for cosignatures.", nameof(witnesses));
        }

        if (_keys.GroupBy(key => key.PublicKey).FirstOrDefault(group => group.Select(key => key.Name).Distinct().Count() > 1) is { } twice)
        {
            throw new ArgumentException($"One public key stands under two names ({string.Join(", ", twice.Select(key => key.Name))}): that is one witness.", nameof(witnesses));
        }

        if (quorum < 0 || quorum > names)
        {
            throw new ArgumentException($"A quorum of {quorum} cannot be had of {names} witnesses.", nameof(quorum));
        }

        Quorum = quorum;
    }

    /// <summary>No witness is believed and none is asked for.</summary>
    public static CosignaturePolicy None { get; } = new([], 0);

    public int Quorum { get; }

    /// <summary>The witnesses whose cosignatures verify; each counts once, however many lines it has.</summary>
    /// <returns>Null: a line that claims to be a known key's does not verify, which condemns the note.</returns>
    public IReadOnlyCollection<string>? Verify(SignedNote note, CryptoProviders providers)
    {
        var verdicts = _keys.Select(key => (key.Name, Verdict: key.Verify(note, providers))).ToList();
        return verdicts.Exists(v => v.Verdict == false) ? null : [.. verdicts.Where(v => v.Verdict == true).Select(v => v.Name).Distinct()];
    }

    /// <summary>Whether enough of them have cosigned; otherwise why not, as a clause.</summary>
    public string? WhyNot(SignedNote note, CryptoProviders providers) => Verify(note, providers) switch
    {
        null => "a cosignature that claims to be a known witness's does not verify",
        var names when names.Count < Quorum => $"{names.Count} of {Quorum} wanted witnesses have cosigned it{(names.Count == 0 ? "" : $" ({string.Join(", ", names)})")}",
        _ => null,
    };
}
