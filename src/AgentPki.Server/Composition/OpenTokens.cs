using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Composition;

/// <summary>The tokens of an appliance, open and logged in, in the order of its configuration.</summary>
public sealed class OpenTokens : IAsyncDisposable
{
    private const string WrapperLabel = "wrap";

    private OpenTokens(IReadOnlyList<Pkcs11Provider> all) => All = all;

    public IReadOnlyList<Pkcs11Provider> All { get; }

    /// <exception cref="CommandException">One of them is not there, or refuses; the message says which and why.</exception>
    public static async Task<OpenTokens> OpenAsync(IReadOnlyList<Pkcs11Options> options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var opened = new List<Pkcs11Provider>();
        try
        {
            foreach (var token in options)
            {
                opened.Add(await TokenAccess.OpenAsync(token, clock, loggers, cancellationToken));
            }

            return new OpenTokens(opened);
        }
        catch
        {
            await new OpenTokens(opened).DisposeAsync();
            throw;
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
        foreach (var token in All.Reverse())
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
