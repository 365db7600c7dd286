using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Which PINs that are shared among officers a step needs.</summary>
public enum NeededPins
{
    None,

    /// <summary>Users' PINs, which open tokens.</summary>
    User,

    /// <summary>Users' and security officers' PINs, those of a change that was cut off among them: they are to be changed.</summary>
    All,
}

/// <summary>Gathers officers' shares of the PINs that a step needs, and puts them together for as long as the step lasts.</summary>
internal sealed class PinGathering : IDisposable
{
    private readonly List<Wanted> _wanted = [];
    private readonly List<OpenedShare> _shares = [];
    private readonly Dictionary<Wanted, byte[]> _opened = [];

    public PinGathering(ICeremonyHome home, ICeremonyRoom room, NeededPins needed)
    {
        foreach (var token in needed == NeededPins.None ? [] : home.Tokens)
        {
            Want(home.FindSealedPin(token, securityOfficer: false), token, false, false);
            if (needed == NeededPins.All)
            {
                Want(home.FindNextPin(token, securityOfficer: false), token, false, true);
                Want(home.FindSealedPin(token, securityOfficer: true), token, true, false);
                Want(home.FindNextPin(token, securityOfficer: true), token, true, true);
            }

            if (_wanted.Any(w => w.Token == token))
            {
                room.Tell($"Token '{token}' opens for {_wanted.Where(w => w.Token == token).Max(w => w.Secret.Threshold)} officers: each gives a share of its PIN with the approval.");
            }
        }
    }

    /// <summary>How many officers are wanted at least.</summary>
    public int Threshold => _wanted.Select(w => w.Secret.Threshold).DefaultIfEmpty().Max();

    /// <summary>Whether there are shares enough of everything; those of a change that was cut off are taken as they come.</summary>
    public bool IsComplete => _wanted.All(w => w.IsNext || SharesOf(w).Count >= w.Secret.Threshold);

    /// <summary>Takes an officer's shares; otherwise the reason.</summary>
    public async ValueTask<string?> TakeAsync(OfficerKey key, CancellationToken cancellationToken)
    {
        // Who has no share (an officer who leaves with this ceremony) approves all the same; others bring theirs.
        foreach (var wanted in _wanted.Where(w => w.Secret.Shares.Any(s => s.Officer == key.Officer.Name)))
        {
            var (share, problem) = await wanted.Secret.OpenShareAsync(key, cancellationToken);
            if (share is null)
            {
                return problem;
            }

            _shares.Add(share);
        }

        return null;
    }

    /// <summary>The users' PINs, by token. Zeroized when this ends.</summary>
    /// <exception cref="CeremonyException">The shares do not give one.</exception>
    public IReadOnlyDictionary<string, byte[]> Open() =>
        _wanted.Where(w => w is { SecurityOfficer: false, IsNext: false }).ToDictionary(w => w.Token, w => Open(w) ?? throw Problem(w), StringComparer.Ordinal);

    /// <summary>One PIN; null where it is not shared, or a next one that was not finished cannot be put together.</summary>
    /// <exception cref="CeremonyException">The shares do not give it.</exception>
    public byte[]? Find(string token, bool securityOfficer, bool next) =>
        _wanted.FirstOrDefault(w => w.Token == token && w.SecurityOfficer == securityOfficer && w.IsNext == next) is { } wanted ? Open(wanted) ?? (next ? null : throw Problem(wanted)) : null;

    /// <summary>A user's PIN was changed: what opens the token from now on.</summary>
    public void Replace(string token, ReadOnlySpan<byte> pin)
    {
        var wanted = _wanted.First(w => w.Token == token && w is { SecurityOfficer: false, IsNext: false });
        CryptographicOperations.ZeroMemory(_opened.GetValueOrDefault(wanted));
        _opened[wanted] = pin.ToArray();
    }

    public void Dispose()
    {
        _shares.ForEach(s => s.Dispose());
        foreach (var pin in _opened.Values)
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    private void Want(SealedSecret? secret, string token, bool securityOfficer, bool isNext)
    {
        if (secret is not null)
        {
            _wanted.Add(new Wanted(token, securityOfficer, isNext, secret));
        }
    }

    private byte[]? Open(Wanted wanted)
    {
        if (!_opened.ContainsKey(wanted) && wanted.Secret.Open(SharesOf(wanted)).Secret is { } pin)
        {
            _opened[wanted] = pin;
        }

        return _opened.GetValueOrDefault(wanted);
    }

    private List<OpenedShare> SharesOf(Wanted wanted) => [.. _shares.Where(s => s.Sealing == wanted.Secret.Id)];

    private CeremonyException Problem(Wanted wanted) =>
        new($"The {(wanted.SecurityOfficer ? "security officer's " : "")}PIN of token '{wanted.Token}' cannot be put together: {wanted.Secret.Open(SharesOf(wanted)).Problem}.");

    private sealed record Wanted(string Token, bool SecurityOfficer, bool IsNext, SealedSecret Secret);
}
