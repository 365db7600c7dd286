using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Locks;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Ledger;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Admin;

/// <summary>Tokens that officers open together: while the appliance serves, they can be locked again.</summary>
internal static class AdminLocks
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/locks", "getLocks", AdminAccess.Peers, "Tokens that only officers together open, and whether they are open.", AdminJson.Default.LocksView, static (call, _) => ValueTask.FromResult<Outcome<LocksView>>(new Outcome<LocksView>.Done(View(call.Services.Locks)))),
        AdminOperation.Of(HttpMethods.Post, "/locks/close", "closeLocks", AdminAccess.Of(AdminRole.Officer, AdminRole.CaAdministrator), "Locks those tokens: what is running ends, and nothing is signed until officers open them again.", AdminJson.Default.LocksView, CloseAsync),
    ];

    public static LocksView View(QuorumLocks locks) => new(
        locks.AreOpen,
        locks.Problem,
        [.. locks.All.Select(l => new LockView(l.Name, l.IsOpen, l.Threshold, l.Officers, l.Given, l.Sealing))]);

    private static async ValueTask<Outcome<LocksView>> CloseAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var locks = call.Services.Locks;
        if (locks.All.Count == 0)
        {
            return await call.RefuseAsync<LocksView>(new PkiProblem(PkiProblemKind.Conflict, "no token of this appliance is opened by officers: it starts by itself (token.pin in agentpki.yaml)"), cancellationToken);
        }

        // The entry first: once it is locked, nothing is signed, and the last checkpoint covers it.
        await call.Services.Authority.Audit.RecordAsync(LedgerEntryKind.TokensLocked, call.Actor, AuditDetails.Of(("tokens", string.Join(' ', locks.All.Select(l => l.Name)))), cancellationToken);
        locks.Close();
        return new Outcome<LocksView>.Done(View(locks));
    }
}

/// <summary>What a locked appliance needs to be opened.</summary>
public sealed record LockedServices
{
    public required QuorumLocks Locks { get; init; }

    /// <summary>Writes to the ledger, which needs no token.</summary>
    public required AuditTrail Audit { get; init; }

    /// <summary>Who is at the other end of the socket, as the kernel says.</summary>
    public required Func<HttpContext, string?> Peer { get; init; }

    /// <summary>The appliance at a glance.</summary>
    public required Func<CancellationToken, ValueTask<StatusView>> Status { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}

/// <summary>The admin API of a locked appliance: how it is, and officers' shares. A share is its own proof: nobody else could have opened its envelope.</summary>
public static class LockedAdminEndpoints
{
    /// <summary>The media type of an opened share; octets and no text, so that no copy of it is left in a string.</summary>
    public const string ShareType = "application/octet-stream";

    /// <summary>Where shares are given, below <see cref="AdminEndpoints.Root"/>.</summary>
    public const string SharesPath = "/locks/shares";

    private const int LongestShare = 4096;
    private static readonly TimeSpan ShareDeadline = TimeSpan.FromSeconds(10);

    public static RouteGroupBuilder MapLockedAdmin(this IEndpointRouteBuilder routes, LockedServices services)
    {
        var group = routes.MapGroup(AdminEndpoints.Root);
        group.MapOnly(HttpMethods.Get, "/status", async context => await WriteAsync(context, await services.Status(context.RequestAborted), AdminJson.Default.StatusView));
        group.MapOnly(HttpMethods.Get, "/locks", context => WriteAsync(context, AdminLocks.View(services.Locks), AdminJson.Default.LocksView));
        group.MapOnly(HttpMethods.Post, SharesPath, context => ShareAsync(services, context));
        group.Map("/{**path}", context => AdminProblems.WriteAsync(context, WhyNot(services.Locks)));
        return group;
    }

    /// <summary>What everything else is answered.</summary>
    public static PkiProblem WhyNot(QuorumLocks locks) => new(PkiProblemKind.Unavailable, locks.WhyLocked ?? "the appliance is being opened", TimeSpan.FromSeconds(5));

    private static async Task ShareAsync(LockedServices services, HttpContext context)
    {
        if (services.Peer(context) is not { } actor)
        {
            await AdminProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.Unauthenticated, "shares are taken by the Unix socket alone"));
            return;
        }

        var (share, problem) = await ReadAsync(services, context);
        var verdict = share is null ? null : services.Locks.Take(share);
        problem ??= verdict is { Problem: { } refused } ? new PkiProblem(PkiProblemKind.Conflict, refused) : null;
        if (problem is not null)
        {
            await services.Audit.RefuseAsync(new Refusal(actor, problem, "admin", CorrelationId.Of(context)), context.RequestAborted);
            Log.ShareRefused(services.Logger, actor, problem.Detail);
            await AdminProblems.WriteAsync(context, problem);
            return;
        }

        await services.Audit.RecordAsync(LedgerEntryKind.ShareGiven, actor, AuditDetails.Of(("token", verdict?.Lock), ("officer", share?.Officer), ("sealing", share?.Sealing), ("open", verdict is { IsOpen: true } ? "yes" : "no")), CancellationToken.None);
        Log.ShareTaken(services.Logger, share?.Officer ?? "", verdict?.Lock ?? "");
        await WriteAsync(context, AdminLocks.View(services.Locks), AdminJson.Default.LocksView);
    }

    private static async ValueTask<(OpenedShare? Share, PkiProblem? Problem)> ReadAsync(LockedServices services, HttpContext context)
    {
        if (!MediaType.Is(context.Request, ShareType))
        {
            return (null, new PkiProblem(PkiProblemKind.UnsupportedMediaType, $"the Content-Type must be {ShareType}"));
        }

        var body = await RequestBody.ReadAsync(context, LongestShare, ShareDeadline, services.Time, context.RequestAborted);
        if (body.Problem is { } problem)
        {
            return (null, problem);
        }

        using var copy = new PinnedMemory(LongestShare);
        try
        {
            body.Octets.CopyTo(copy.GetSpan());
            return OpenedShare.TryDecode(copy.GetSpan()[..(int)body.Octets.Length], out var share) ? (share, null) : (null, new PkiProblem(PkiProblemKind.MalformedRequest, "that is no officer's share"));
        }
        finally
        {
            Wipe(body.Octets);
            body.Release();
        }
    }

    /// <summary>The server's own buffers go back to a pool: what was a share is overwritten there.</summary>
    private static void Wipe(ReadOnlySequence<byte> octets)
    {
        foreach (var segment in octets)
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsMemory(segment).Span);
        }
    }

    private static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
