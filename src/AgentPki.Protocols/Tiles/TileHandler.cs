using System.Text;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Tiles;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Tiles;

/// <summary>Answers for the newest signed checkpoint's log and epoch alone, and of the tree only with what that checkpoint covers.</summary>
internal sealed class TileHandler(TileServices services)
{
    private const string Text = "text/plain; charset=utf-8";
    private const string Octets = "application/octet-stream";
    private readonly TileReader _tiles = new(services.Ledger);

    public Task CheckpointAsync(HttpContext context) => AnswerAsync(context, async checkpoint =>
        await new CacheableObject(Encoding.UTF8.GetBytes(checkpoint.ToString()), Text, services.Time.GetUtcNow()).WriteAsync(context, services.Time.GetUtcNow(), TimeSpan.Zero));

    public Task TileAsync(HttpContext context) => AnswerAsync(context, async checkpoint =>
    {
        // "Empty tiles MUST NOT be served"; a tile beyond the checkpoint is one that nobody can verify yet.
        if (!LedgerTile.TryParse(context.Request.RouteValues["tile"] as string, out var tile) || !tile.IsWithin(checkpoint.Checkpoint.Size))
        {
            await PlainProblems.NotFoundAsync(context, $"the tree of {checkpoint.Checkpoint.Size} entries, which the newest checkpoint signs, has no such tile");
            return;
        }

        var octets = await _tiles.ReadAsync(tile, context.RequestAborted);
        await new CacheableObject(octets, Octets, DateTimeOffset.UnixEpoch).WriteAsync(context, services.Time.GetUtcNow(), services.CacheLifetime);
    });

    /// <summary>The leaf, its path and the head with its cosignatures; no details.</summary>
    public Task ProofAsync(HttpContext context) => AnswerAsync(context, async checkpoint =>
    {
        var size = checkpoint.Checkpoint.Size;
        if (!long.TryParse(context.Request.RouteValues["index"] as string, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var index)
            || index >= size || await services.Ledger.FindAsync(index, context.RequestAborted) is not { } record)
        {
            await PlainProblems.NotFoundAsync(context, $"the tree of {size} entries, which the newest checkpoint signs, has no such entry");
            return;
        }

        var path = await new MerkleProver(services.Ledger).InclusionProofAsync(index, size, context.RequestAborted);
        var proof = TlogProof.Of(record, path, checkpoint, withDetails: false).ToString();
        await new CacheableObject(Encoding.UTF8.GetBytes(proof), Text, services.Time.GetUtcNow()).WriteAsync(context, services.Time.GetUtcNow(), TimeSpan.Zero);
    });

    private async Task AnswerAsync(HttpContext context, Func<SignedCheckpoint, Task> answer)
    {
        if (services.Rates.Take(null, services.Clients.AddressOf(context), null) is { } tooMany)
        {
            await PlainProblems.WriteAsync(context, tooMany);
            return;
        }

        try
        {
            var newest = services.Quorum == 0 ? await services.Ledger.LatestCheckpointAsync(context.RequestAborted) : await services.Ledger.LatestCosignedAsync(services.Quorum, context.RequestAborted);
            if (newest is not { } checkpoint || !IsOf(checkpoint, context.Request))
            {
                await PlainProblems.NotFoundAsync(context, "this appliance has no signed log of that id and epoch");
                return;
            }

            await answer(checkpoint);
        }
        catch (StoreUnavailableException)
        {
            await PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.Unavailable, "the ledger cannot be read now", TimeSpan.FromSeconds(2)));
        }
    }

    private static bool IsOf(SignedCheckpoint checkpoint, HttpRequest request) =>
        checkpoint.Checkpoint.Origin == $"{Checkpoint.OriginHost}{TileEndpoints.Root}/{request.RouteValues["log"]}/{request.RouteValues["epoch"]}";
}
