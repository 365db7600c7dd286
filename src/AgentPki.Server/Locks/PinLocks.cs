using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Locks;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Locks;

/// <summary>The PINs that officers put together, in pinned memory, each with the lock that gathers their shares. Zeroized when this is disposed.</summary>
internal sealed class PinLocks : IDisposable
{
    private readonly Dictionary<string, PinInMemory> _pins;

    private PinLocks(Dictionary<string, PinInMemory> pins, QuorumLocks locks) => (_pins, Locks) = (pins, locks);

    public QuorumLocks Locks { get; }

    /// <summary>Reads the sealed PINs of the tokens that are configured so.</summary>
    /// <exception cref="CommandException">One of them is not there, or is not in order.</exception>
    public static PinLocks Load(ApplianceHome home, ApplianceOptions options, Func<string, string?> variable, TimeProvider time)
    {
        var pins = new Dictionary<string, PinInMemory>(StringComparer.Ordinal);
        var locks = new List<QuorumLock>();
        foreach (var token in options.Tokens.Where(t => OriginOf(home, options, t, variable) == PinOrigin.Quorum))
        {
            var sealing = Read(home, options, token);
            var pin = pins[token.Name] = new PinInMemory(WhyMissing(token.Name));
            locks.Add(new QuorumLock(token.Name, sealing, octets => pin.Give(octets.Span), pin.TakeBack, time));
        }

        return new PinLocks(pins, new QuorumLocks(locks));
    }

    /// <summary>
    /// Where a token's PIN comes from: what the configuration says; where it says nothing else, a ceremony has decided when it left a shared PIN and no file.
    /// </summary>
    public static PinOrigin OriginOf(ApplianceHome home, ApplianceOptions options, TokenOptions token, Func<string, string?> variable) =>
        token.Pin == PinOrigin.File && !File.Exists(Secrets.PinFile(home, token.PinFile, CredentialOf(options, token), variable)) && File.Exists(PathOf(home, options, token)) ? PinOrigin.Quorum : token.Pin;

    /// <summary>The name of the systemd credential that holds a token's PIN.</summary>
    public static string CredentialOf(ApplianceOptions options, TokenOptions token) => token.Name == options.Tokens[0].Name ? Secrets.PinCredential : $"{Secrets.PinCredential}-{token.Name}";

    /// <summary>The sealed PIN of a token.</summary>
    /// <exception cref="CommandException">It is not there, or is not in order.</exception>
    public static SealedSecret Read(ApplianceHome home, ApplianceOptions options, TokenOptions token)
    {
        var path = PathOf(home, options, token);
        if (!File.Exists(path))
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"The PIN of token '{token.Name}' is to be shared among officers (token.pin: quorum), but {path} is not there.",
                "A ceremony's step 'initialise-token' with 'pin: quorum' makes it; restore it from that ceremony's evidence if it is lost.");
        }

        return SealedSecret.TryParse(File.ReadAllBytes(path), out var secret, out var problem)
            ? secret
            : throw new CommandException(ExitCodes.Environment, $"{path} cannot be used: {problem}.", "Restore it from the evidence of the ceremony that made it.");
    }

    /// <summary>What callers hear while nobody has opened the token.</summary>
    public static string WhyMissing(string token) => $"The PIN of token '{token}' is shared among officers, and not enough of them have opened it ('agentpki unlock').";

    /// <summary>The PIN of that token, given or not; null for one that starts by itself.</summary>
    public PinInMemory? Find(string token) => _pins.GetValueOrDefault(token);

    public void Dispose()
    {
        Locks.Dispose();
        foreach (var pin in _pins.Values)
        {
            pin.Dispose();
        }
    }

    private static string PathOf(ApplianceHome home, ApplianceOptions options, TokenOptions token) => home.SealedPin(securityOfficer: false, token.Name == options.Tokens[0].Name ? null : token.Name);
}
