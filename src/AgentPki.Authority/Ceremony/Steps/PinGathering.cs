using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Gathers officers' shares of the PINs that a step needs, and puts them together for as long as the step lasts.</summary>
internal sealed class PinGathering : IDisposable
{
    private readonly Dictionary<string, SealedSecret> _sealed = new(StringComparer.Ordinal);
    private readonly List<OpenedShare> _shares = [];
    private readonly Dictionary<string, byte[]> _pins = new(StringComparer.Ordinal);

    public PinGathering(ICeremonyHome home, ICeremonyRoom room, StepKind kind)
    {
        foreach (var token in kind.NeedsTokens ? home.Tokens : [])
        {
            if (home.FindSealedPin(token, securityOfficer: false) is { } pin)
            {
                _sealed[token] = pin;
                room.Tell($"Token '{token}' opens for {pin.Threshold} officers: each gives a share of its PIN with the approval.");
            }
        }
    }

    public IReadOnlyList<SealedSecret> Sealed => [.. _sealed.Values];

    /// <summary>Takes an officer's shares; otherwise the reason.</summary>
    public async ValueTask<string?> TakeAsync(OfficerKey key, CancellationToken cancellationToken)
    {
        foreach (var secret in _sealed.Values)
        {
            var (share, problem) = await secret.OpenShareAsync(key, cancellationToken);
            if (share is null)
            {
                return problem;
            }

            _shares.Add(share);
        }

        return null;
    }

    /// <summary>The PINs, by token. Zeroized when this ends.</summary>
    /// <exception cref="CeremonyException">The shares do not give it.</exception>
    public IReadOnlyDictionary<string, byte[]> Open()
    {
        foreach (var (token, secret) in _sealed)
        {
            var (pin, problem) = secret.Open([.. _shares.Where(s => s.Sealing == secret.Id)]);
            _pins[token] = pin ?? throw new CeremonyException($"The PIN of token '{token}' cannot be put together: {problem}.");
        }

        return _pins;
    }

    public void Dispose()
    {
        _shares.ForEach(s => s.Dispose());
        foreach (var pin in _pins.Values)
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }
}
