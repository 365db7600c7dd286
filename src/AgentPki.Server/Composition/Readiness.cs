using AgentPki.Authority.Composition;
using AgentPki.Pkcs11;
using AgentPki.Protocols.Health;

namespace AgentPki.Server.Composition;

/// <summary>Ready means: a certificate could be issued now. The token signs a probe, the CAs are good, the store can be written.</summary>
internal sealed class Readiness(Pkcs11Provider token, AuthorityServices authority) : IReadiness
{
    public async ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken)
    {
        if (await authority.WhyNotReadyAsync(cancellationToken) is { } reason)
        {
            return [reason];
        }

        await token.ProbeAsync(cancellationToken);
        return [];
    }
}
