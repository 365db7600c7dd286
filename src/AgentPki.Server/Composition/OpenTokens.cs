using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Mirrored;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Composition;

/// <summary>The tokens of an appliance, open and logged in, in the order of its configuration.</summary>
public sealed class OpenTokens : IAsyncDisposable
{
    private const string WrapperLabel = "wrap";

    private readonly Dictionary<string, MirroredProvider> _mirrored;

    private OpenTokens(IReadOnlyList<Pkcs11Provider> all, IEnumerable<MirroredProvider> mirrored) => (All, _mirrored) = (all, mirrored.ToDictionary(m => m.Name, StringComparer.Ordinal));

    /// <summary>Those that make keys; a second one that only signs for the first is behind it.</summary>
    public IReadOnlyList<Pkcs11Provider> All { get; }

    /// <summary>What a token's keys are opened by: with its second where it has one.</summary>
    internal ICryptoProvider KeeperOf(Pkcs11Provider token) => _mirrored.GetValueOrDefault(token.Name) is { } both ? both : token;

    /// <exception cref="CommandException">One of them is not there, or refuses; the message says which and why.</exception>
    public static async Task<OpenTokens> OpenAsync(IReadOnlyList<Pkcs11Options> options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var opened = new List<Pkcs11Provider>();
        var mirrored = new List<MirroredProvider>();
        try
        {
            foreach (var token in options.Where(o => o.MirrorOf is null))
            {
                opened.Add(await TokenAccess.OpenAsync(token, clock, loggers, cancellationToken));
            }

            foreach (var second in options.Where(o => o.MirrorOf is not null))
            {
                // One that is away keeps nobody from starting: it is found when it comes.
                var provider = await Task.Run(() => Pkcs11Provider.Open(second, clock, loggers.CreateLogger<Pkcs11Provider>()), cancellationToken);
                mirrored.Add(new MirroredProvider(opened.First(o => o.Name == $"pkcs11:{second.MirrorOf}"), provider, loggers.CreateLogger<MirroredProvider>()));
            }

            return new OpenTokens(opened, mirrored);
        }
        catch
        {
            await new OpenTokens(opened, mirrored).DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether that token, or its second, signs.</summary>
    /// <exception cref="KeyUnavailableException">Neither does.</exception>
    internal async ValueTask ProbeAsync(Pkcs11Provider token, CancellationToken cancellationToken)
    {
        try
        {
            await token.ProbeAsync(cancellationToken);
        }
        catch (KeyUnavailableException) when (_mirrored.ContainsKey(token.Name))
        {
            await _mirrored[token.Name].Second.ProbeAsync(cancellationToken);
        }
    }

    /// <summary>What wraps the appliance's secrets: a key of the first token that can wrap.</summary>
    /// <exception cref="KeyUnavailableException">None can, or the one that can does not answer.</exception>
    public async Task<(Pkcs11Provider Token, Pkcs11KeyWrapper Wrapper)> OpenWrapperAsync(string keyPrefix, CancellationToken cancellationToken) =>
        await FirstThatWrapsAsync(async token => await token.OpenWrapperAsync(keyPrefix + WrapperLabel, cancellationToken)) is (var token, { } wrapper)
            ? (token, wrapper)
            : throw new KeyUnavailableException("None of the tokens has authenticated encryption (wrapping: in token.yaml), which the TLS key needs.", TimeSpan.FromHours(1));

    /// <summary>The same where that key is there already; null where it is not.</summary>
    /// <exception cref="KeyUnavailableException">The token that can wrap does not answer.</exception>
    public async Task<(Pkcs11Provider Token, Pkcs11KeyWrapper Wrapper)?> FindWrapperAsync(string keyPrefix, CancellationToken cancellationToken) =>
        await FirstThatWrapsAsync(async token => await token.FindWrapperAsync(keyPrefix + WrapperLabel, cancellationToken)) is (var token, { } wrapper) ? (token, wrapper) : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var token in All.Concat(_mirrored.Values.Select(m => m.Second)).Reverse())
        {
            await token.DisposeAsync();
        }
    }

    private async Task<(Pkcs11Provider Token, Pkcs11KeyWrapper? Wrapper)?> FirstThatWrapsAsync(Func<Pkcs11Provider, Task<Pkcs11KeyWrapper?>> open)
    {
        foreach (var token in All)
        {
            try
            {
                return (token, await open(token));
            }
            catch (NotSupportedException)
            {
                // The next may.
            }
        }

        return null;
    }
}
