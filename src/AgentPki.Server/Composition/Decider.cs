using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Journal;

namespace AgentPki.Server.Composition;

/// <summary>What decides actions in a home: its policies, its decision log.</summary>
internal static class Decider
{
    internal static Task<DecisionAuthority> StartAsync(ApplianceParts parts, AuthorityServices authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        var settings = parts.Options.Decisions;
        var options = new DecisionOptions
        {
            Journal = new JournalOptions(parts.Home.Decisions) { IsDurable = settings.IsDurable },
            KeyLabel = $"{parts.Options.KeyPrefix}decisions",
            Issuer = parts.Options.PublicUrl,
            ReceiptKeys = settings.Receipts is { } kind ? [kind] : [],
            ReceiptLifetime = settings.ReceiptLifetime,
            AnchorInterval = settings.AnchorInterval,
            CallerProfiles = settings.Profiles,
            Callers = settings.Callers,
        };
        return DecisionAuthority.StartAsync(authority, options, parts.Providers, new PolicyFolder(parts.Home), !parts.Options.Development, clock, parts.Environment.Loggers, cancellationToken);
    }
}
