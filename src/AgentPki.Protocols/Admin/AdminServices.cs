using System.Collections.Concurrent;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Locks;
using AgentPki.Authority.Recovery;
using AgentPki.Protocols.Health;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Admin;

/// <summary>What the admin API needs of the rest of the appliance.</summary>
public sealed record AdminServices
{
    public required AuthorityServices Authority { get; init; }

    public required IReadiness Readiness { get; init; }

    /// <summary>
    /// Who is at the other end: by the certificate of the connection, or by what the kernel says of the socket's peer. Asked on every request, for a
    /// certificate may be revoked while its connection lives.
    /// </summary>
    public required Func<HttpContext, CancellationToken, ValueTask<AdminIdentification>> Caller { get; init; }

    /// <summary>Further checks of the running appliance, beside its readiness.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<CheckView>>>? Checks { get; init; }

    /// <summary>Has the appliance's own certificates and the files of its anchors catch up with a succession; what there is to tell of it, in sentences.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<string>>>? FollowAuthorities { get; init; }

    /// <summary>Whether whoever may open the socket acts as all roles.</summary>
    public bool IsDevelopment { get; init; }

    /// <summary>Whether such a caller wants a second person for what is dangerous.</summary>
    public bool FourEyes { get; init; } = true;

    /// <summary>Where new and changed profiles are written; null: nowhere.</summary>
    public IProfileFolder? Profiles { get; init; }

    /// <summary>What decides actions; null: nothing does here.</summary>
    public DecisionAuthority? Decisions { get; init; }

    /// <summary>Where new and changed policies are written; null: nowhere.</summary>
    public IPolicyFolder? PolicyFolder { get; init; }

    /// <summary>Tokens that only officers together open; none where they open by themselves.</summary>
    public QuorumLocks Locks { get; init; } = new([]);

    /// <summary>What each person revoked alone of late.</summary>
    internal RevocationTally Revoked { get; } = new();

    /// <summary>The requests that run here and now, by their ids: these alone are not closed as interrupted.</summary>
    internal ConcurrentDictionary<string, bool> Begun { get; } = new(StringComparer.Ordinal);

    /// <summary>Backups and what is shipped; null: none of it here.</summary>
    public RecoveryDesk? Recovery { get; init; }

    /// <summary>Of the appliance's software.</summary>
    public required string Version { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
