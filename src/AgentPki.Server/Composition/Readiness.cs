using AgentPki.Authority.Composition;
using AgentPki.Authority.Store;
using AgentPki.Pkcs11;
using AgentPki.Protocols.Health;

namespace AgentPki.Server.Composition;

/// <summary>Ready means: a certificate could be issued now. The CAs are good, their tokens sign a probe, the store can be written.</summary>
internal sealed class Readiness(OpenTokens tokens, AuthorityServices authority) : IReadiness
{
    public async ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken)
    {
        if (await authority.WhyNotReadyAsync(cancellationToken) is { } reason)
        {
            return [reason];
        }

        foreach (var token in Needed())
        {
            await tokens.ProbeAsync(token, cancellationToken);
        }

        return [];
    }

    /// <summary>The tokens in which the CAs that issue now, successors too, have their keys; a key that is wrapped or composed may need any. Of a token and its second one is enough.</summary>
    private IReadOnlyList<Pkcs11Provider> Needed()
    {
        var keepers = authority.Profiles.All.Select(p => authority.Issuers.IssuerFor(p)?.Record).OfType<AuthorityRecord>()
            .SelectMany(r => r.Alternative is { } second ? new[] { r.Key.Provider, second.Key.Provider } : [r.Key.Provider]).Distinct().ToList();
        return keepers.All(name => tokens.All.Any(t => t.Name == name)) ? [.. tokens.All.Where(t => keepers.Contains(t.Name))] : [.. tokens.All.Where(t => !tokens.IsSecond(t))];
    }
}
