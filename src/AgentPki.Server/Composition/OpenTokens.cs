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

    public IReadOnlyList<Pkcs11Provider> All { get; }

    /// <summary>Those whose keys a second one has too.</summary>
    internal IReadOnlyCollection<MirroredProvider> Mirrored => _mirrored.Values;

    /// <summary>What a token's keys are opened by: with its second where it has one.</summary>
    internal ICryptoProvider KeeperOf(Pkcs11Provider token) => _mirrored.GetValueOrDefault(token.Name) is { } both ? both : token;

    /// <summary>Opens all of them. Of a token and its second one may be away: it is found when it comes back.</summary>
    /// <exception cref="CommandException">One of the others is not there, or refuses, or both of a pair; the message says which and why.</exception>
    public static async Task<OpenTokens> OpenAsync(IReadOnlyList<Pkcs11Options> options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var opened = new Dictionary<string, Pkcs11Provider>(StringComparer.Ordinal);
        var mirrored = new List<MirroredProvider>();
        var seconds = options.Where(o => o.MirrorOf is not null).ToList();
        try
        {
            foreach (var token in options)
            {
                var isOfAPair = token.MirrorOf is not null || seconds.Exists(s => s.MirrorOf == token.Name);
                opened[token.Name] = isOfAPair ? await TokenAccess.OpenOrAwaitAsync(token, clock, loggers, cancellationToken) : await TokenAccess.OpenAsync(token, clock, loggers, cancellationToken);
            }

            foreach (var token in seconds)
            {
                var pair = new MirroredProvider(opened[token.MirrorOf ?? ""], opened[token.Name], clock, loggers.CreateLogger<MirroredProvider>());
                mirrored.Add(pair);
                RequireOne(pair, token);
            }

            return new OpenTokens([.. opened.Values], mirrored);
        }
        catch
        {
            await new OpenTokens([.. opened.Values], mirrored).DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether it is there only for another's keys.</summary>
    internal bool IsSecond(Pkcs11Provider token) => _mirrored.Values.Any(m => m.Second == token);

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

    /// <summary>What wraps the appliance's secrets: a key of the first token that can wrap, or of its second while it is away.</summary>
    /// <exception cref="KeyUnavailableException">None can, or the one that can does not answer.</exception>
    public async Task<(Pkcs11Provider Token, IKeyWrapper Wrapper)> OpenWrapperAsync(string keyPrefix, CancellationToken cancellationToken) =>
        await FirstThatWrapsAsync(token => OpenWrapperAsync(token, keyPrefix + WrapperLabel, cancellationToken)) is (var token, { } wrapper)
            ? (token, wrapper)
            : throw new KeyUnavailableException("None of the tokens has authenticated encryption (wrapping: in token.yaml), which the TLS key needs.", TimeSpan.FromHours(1));

    /// <summary>The same where that key is there already; null where it is not.</summary>
    /// <exception cref="KeyUnavailableException">The token that can wrap does not answer.</exception>
    public async Task<(Pkcs11Provider Token, IKeyWrapper Wrapper)?> FindWrapperAsync(string keyPrefix, CancellationToken cancellationToken) =>
        await FirstThatWrapsAsync(token => FindWrapperAsync(token, keyPrefix + WrapperLabel, cancellationToken)) is (var token, { } wrapper) ? (token, wrapper) : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var pair in _mirrored.Values)
        {
            pair.Dispose();
        }

        foreach (var token in All.Reverse())
        {
            await token.DisposeAsync();
        }
    }

    private static void RequireOne(MirroredProvider pair, Pkcs11Options second)
    {
        if (!pair.First.WasReached && !pair.Second.WasReached)
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"Neither the token '{second.MirrorOf}' nor its second, '{second.Name}', can be used: {pair.First.DownReason} {pair.Second.DownReason}".TrimEnd(),
                "One of the two is enough. Type 'agentpki doctor'.");
        }
    }

    private async Task<IKeyWrapper?> OpenWrapperAsync(Pkcs11Provider token, string label, CancellationToken cancellationToken)
    {
        if (_mirrored.GetValueOrDefault(token.Name) is not { } pair)
        {
            return await token.OpenWrapperAsync(label, cancellationToken);
        }

        var wrapper = new MirroredKeyWrapper(pair.First, pair.Second, label);
        await wrapper.OpenAsync(cancellationToken);
        return wrapper;
    }

    private async Task<IKeyWrapper?> FindWrapperAsync(Pkcs11Provider token, string label, CancellationToken cancellationToken)
    {
        try
        {
            return await token.FindWrapperAsync(label, cancellationToken);
        }
        catch (KeyUnavailableException) when (_mirrored.ContainsKey(token.Name))
        {
            return await _mirrored[token.Name].Second.FindWrapperAsync(label, cancellationToken);
        }
    }

    private async Task<(Pkcs11Provider Token, IKeyWrapper? Wrapper)?> FirstThatWrapsAsync(Func<Pkcs11Provider, Task<IKeyWrapper?>> open)
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
