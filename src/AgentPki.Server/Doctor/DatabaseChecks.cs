using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>The database: opens, its schema is this build's, its pages are whole; what it says of the CAs and the last entry.</summary>
internal static class DatabaseChecks
{
    /// <param name="LastEntry">When the ledger's last entry was made; null without one.</param>
    /// <param name="Authorities">The CAs that can be read; none where the database cannot.</param>
    internal sealed record Result(IReadOnlyList<Finding> Findings, DateTimeOffset? LastEntry, IReadOnlyList<ExaminedAuthority> Authorities);

    internal static async Task<Result> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(ApplianceParts.StoreOptionsOf(context.Home, context.Options), NullLogger<SqliteStore>.Instance, cancellationToken);
            var head = await store.HeadAsync(cancellationToken);
            var damage = await store.CheckIntegrityAsync(cancellationToken);
            var database = damage is null
                ? Finding.Ok("database", string.Create(CultureInfo.InvariantCulture, $"opens, schema current, pages whole; {head.Size} ledger entries"))
                : Finding.Fail("database", $"damaged: {damage}", ExaminedAuthority.Restore);
            var last = head.Size > 0 ? (await ((ILedgerStore)store).FindAsync(head.Size - 1, cancellationToken))?.Leaf.Time : null;
            var authorities = await ((IAuthorityStore)store).ListAsync(cancellationToken);
            var readable = ExaminedAuthority.Of(authorities, out var damaged);
            var successions = await ((IAuthorityStore)store).ListSuccessionsAsync(cancellationToken);
            return new Result([database, .. damaged, Authorities(authorities, readable, context), .. TlsIssuerCheck.Run(context, readable, successions), .. await AdministratorChecks.RunAsync(context, store, store, cancellationToken), .. await RulesCheck.RunAsync(context, store, cancellationToken), await RecoveryCheck.RunAsync(context, store, head.Size, cancellationToken)], last, readable);
        }
        catch (StoreUnavailableException error)
        {
            return new Result([Finding.Fail("database", error.Message, "Restore it from a backup, or start anew with another home.")], null, []);
        }
    }

    /// <summary>Each CA, and whether the anchors are those of the database.</summary>
    private static Finding Authorities(IReadOnlyList<AuthorityRecord> authorities, IReadOnlyList<ExaminedAuthority> readable, DoctorContext context)
    {
        if (authorities.Count == 0)
        {
            return Finding.Fail("authorities", "no CA was made yet", "Type 'agentpki up', or 'agentpki ceremony --development'.");
        }

        var list = string.Join(", ", authorities.Select(a => $"{a.Name} (signs {a.Signature}{(a.Alternative is { } second ? $" and {second.Signature}" : "")})"));
        var roots = readable.Where(a => a.Record.Issuer == a.Record.Name).Select(a => a.Certificate); // a succession may have made another
        return Pem.TryReadCertificates(context.Home.RootCertificate) is [var anchor, ..] && !roots.Contains(anchor)
            ? Finding.Fail("authorities", $"{list}; anchors/root.pem is another CA's", "Start the appliance: it writes the anchors from its database. Find out who changed them.")
            : Finding.Ok("authorities", list);
    }
}
