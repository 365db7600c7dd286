using AgentPki.Authority.OAuth;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.OAuth;

/// <summary>What OAuth's wire needs of the rest.</summary>
public sealed class OAuthServices : IAsyncDisposable
{
    public required OAuthAuthority Authority { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>Shares of clients, by certificate or address.</summary>
    public required RequestRates Rates { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    internal OAuthPipeline Pipeline { get; } = new();

    public ValueTask DisposeAsync() => Pipeline.DisposeAsync();
}
