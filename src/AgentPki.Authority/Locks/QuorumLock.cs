using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;

namespace AgentPki.Authority.Locks;

/// <summary>What came of an officer's share.</summary>
/// <param name="Lock">The name of what it opens; null when it belongs to nothing here.</param>
/// <param name="Problem">Why it was refused; null when it was taken.</param>
/// <param name="IsOpen">Whether it was the last that was missing.</param>
public sealed record ShareVerdict(string? Lock, string? Problem, bool IsOpen);

/// <summary>
/// One token that m officers open together: their shares are gathered in memory that is zeroized, for a while, and become its PIN as soon as there are
/// enough. Which share is wrong cannot be known (Shamir): when what they give is not what was sealed, all are thrown away and the officers begin again.
/// </summary>
/// <remarks>Any number of threads may use it.</remarks>
public sealed class QuorumLock : IDisposable
{
    /// <summary>How long a share waits for the others.</summary>
    public static readonly TimeSpan ShareLifetime = TimeSpan.FromMinutes(30);

    private readonly Lock _gate = new();
    private readonly SealedSecret _secret;
    private readonly Action<ReadOnlyMemory<byte>> _open;
    private readonly Action _close;
    private readonly TimeProvider _time;
    private readonly List<(OpenedShare Share, DateTimeOffset Since)> _shares = [];
    private readonly ITimer _expiry;
    private bool _isOpen;

    /// <param name="name">Of the token.</param>
    /// <param name="open">Takes the secret; what it is given is zeroized when it returns.</param>
    /// <param name="close">Forgets it.</param>
    public QuorumLock(string name, SealedSecret secret, Action<ReadOnlyMemory<byte>> open, Action close, TimeProvider time)
    {
        (Name, _secret, _open, _close, _time) = (name, secret, open, close, time);
        _expiry = time.CreateTimer(static state => ((QuorumLock)state!).Expire(), this, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
    }

    public string Name { get; }

    /// <summary>Which sealing its shares belong to.</summary>
    public string Sealing => _secret.Id;

    public int Threshold => _secret.Threshold;

    /// <summary>Who has a share.</summary>
    public IReadOnlyList<string> Officers => [.. _secret.Shares.Select(s => s.Officer)];

    /// <summary>Who has given his, since it was last locked; nobody once it is open.</summary>
    public IReadOnlyList<string> Given
    {
        get
        {
            lock (_gate)
            {
                return [.. _shares.Select(s => s.Share.Officer)];
            }
        }
    }

    public bool IsOpen
    {
        get
        {
            lock (_gate)
            {
                return _isOpen;
            }
        }
    }

    /// <summary>Takes an officer's share, which is zeroized here in the end, whatever comes of it.</summary>
    public ShareVerdict Take(OpenedShare share)
    {
        lock (_gate)
        {
            if (WhyNot(share) is { } problem)
            {
                share.Dispose();
                return new(Name, problem, false);
            }

            _shares.Add((share, _time.GetUtcNow()));
            return _shares.Count < _secret.Threshold ? new(Name, null, false) : Combine();
        }
    }

    /// <summary>Throws away what was given, and the secret.</summary>
    /// <returns>False when it was locked already.</returns>
    public bool Close()
    {
        lock (_gate)
        {
            ThrowAway();
            _close();
            var was = _isOpen;
            _isOpen = false;
            return was;
        }
    }

    public void Dispose()
    {
        _expiry.Dispose();
        Close();
    }

    private string? WhyNot(OpenedShare share) =>
        share.Sealing != _secret.Id ? $"the share of {share.Officer} belongs to another sealing ({share.Sealing}), not to that of '{Name}' ({_secret.Id})"
        : _isOpen ? $"'{Name}' is open already"
        : !_secret.Shares.Any(s => s.Officer == share.Officer && s.Number == share.Share.Number) ? $"{share.Officer} has no share with the number {share.Share.Number} of '{Name}'"
        : _shares.Any(s => s.Share.Officer == share.Officer) ? $"{share.Officer} has given a share already: each officer counts once"
        : null;

    private ShareVerdict Combine()
    {
        var (secret, problem) = _secret.Open([.. _shares.Select(s => s.Share)]);
        var names = string.Join(", ", _shares.Select(s => s.Share.Officer));
        ThrowAway();
        if (secret is null)
        {
            return new(Name, $"{problem}; the shares of {names} were thrown away: begin again", false);
        }

        try
        {
            _open(secret);
            _isOpen = true;
            return new(Name, null, true);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>A share that nobody joined is not left lying about.</summary>
    private void Expire()
    {
        lock (_gate)
        {
            if (_shares.Any(s => _time.GetUtcNow() - s.Since >= ShareLifetime))
            {
                ThrowAway();
            }
        }
    }

    private void ThrowAway()
    {
        _shares.ForEach(s => s.Share.Dispose());
        _shares.Clear();
    }
}
