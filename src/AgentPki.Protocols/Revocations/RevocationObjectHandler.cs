using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger.Revocations;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>What the feed's statements point to. All but the snapshot never change under their names, and caches may keep them.</summary>
internal sealed class RevocationObjectHandler(RevocationServices services)
{
    private const string Octets = "application/octet-stream";
    private readonly ConditionalWeakTable<FeedEntry, CacheableObject> _snapshots = [];
    private readonly ConditionalWeakTable<RevocationSetServing, CacheableObject> _sets = [];

    public Task SnapshotAsync(HttpContext context) => AnswerAsync(context, async () =>
    {
        if (await services.Feed.SnapshotAsync(context.RequestAborted) is not { } snapshot)
        {
            await RevocationProblems.NoFeedAsync(context);
            return;
        }

        await _snapshots.GetValue(snapshot, s => new CacheableObject(Encoding.ASCII.GetBytes(s.Jws), "application/jose", services.Time.GetUtcNow())).WriteAsync(context, services.Time.GetUtcNow(), TimeSpan.Zero);
    });

    public Task SetAsync(HttpContext context) => AnswerAsync(context, async () =>
    {
        if (await FindAsync(context) is not { } set)
        {
            await RevocationProblems.NotFoundAsync(context, "there is no such set, or it is not kept any more");
            return;
        }

        await _sets.GetValue(set, s => new CacheableObject(s.Set.Octets, Octets, services.Time.GetUtcNow())).WriteAsync(context, services.Time.GetUtcNow(), services.Options.CacheLifetime);
    });

    public Task BucketAsync(HttpContext context) => AnswerAsync(context, async () =>
    {
        if (!int.TryParse(context.Request.RouteValues["bucket"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var bucket)
            || await FindAsync(context) is not { } set || set.BucketWithPath(bucket) is not { } octets)
        {
            await RevocationProblems.NotFoundAsync(context, "there is no such bucket, or its set is not kept any more");
            return;
        }

        await new CacheableObject(octets, Octets, DateTimeOffset.UnixEpoch).WriteAsync(context, services.Time.GetUtcNow(), services.Options.CacheLifetime);
    });

    public Task SignerAsync(HttpContext context) => AnswerAsync(context, async () =>
    {
        if (context.Request.RouteValues["thumbprint"] is not string { Length: 64 } text || !text.All(char.IsAsciiHexDigitLower)
            || await services.Feed.FindSignerAsync(Convert.FromHexString(text), context.RequestAborted) is not { } chain)
        {
            await RevocationProblems.NotFoundAsync(context, "no signer of that thumbprint is known here");
            return;
        }

        await new CacheableObject(chain, "application/pkcs7-mime; smime-type=certs-only", DateTimeOffset.UnixEpoch).WriteAsync(context, services.Time.GetUtcNow(), services.Options.CacheLifetime);
    });

    private ValueTask<RevocationSetServing?> FindAsync(HttpContext context) => services.Feed.FindSetAsync(context.Request.RouteValues["name"] as string ?? "", context.RequestAborted);

    private async Task AnswerAsync(HttpContext context, Func<Task> answer)
    {
        if (services.Rates.Take(null, services.Clients.AddressOf(context), null) is { } tooMany)
        {
            await RevocationProblems.WriteAsync(context, tooMany);
            return;
        }

        try
        {
            await answer();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or KeyUnavailableException
            || (failure is OperationCanceledException && !context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted))
        {
            await RevocationProblems.UnavailableAsync(context, failure); // cancelled: the appliance stops
        }
    }
}
