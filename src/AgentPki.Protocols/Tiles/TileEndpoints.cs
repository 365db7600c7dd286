using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Tiles;

/// <summary>
/// The ledger as C2SP tlog-tiles v0.1.0 has it, readable with stock tools. What must be believed is signed (the checkpoint) or hashed into what is (the rest).
/// </summary>
/// <remarks>
/// The prefix is the path of the checkpoint's origin. So it has the epoch, and after a restore nothing that a cache has kept stands under a name of the new epoch.
/// </remarks>
public static class TileEndpoints
{
    public const string Root = "/log";

    /// <summary>Maps <c>/log/{log}/{epoch}/checkpoint</c>, <c>…/tile/…</c>, and <c>…/proof/{index}</c> (C2SP tlog-proof) for those who have no tile client.</summary>
    public static RouteGroupBuilder MapTiles(this IEndpointRouteBuilder routes, TileServices services)
    {
        var group = routes.MapGroup(Root);
        var handler = new TileHandler(services);
        group.MapReadable("/{log}/{epoch}/checkpoint", handler.CheckpointAsync);
        group.MapReadable("/{log}/{epoch}/proof/{index:long}", handler.ProofAsync);
        group.MapReadable("/{log}/{epoch}/tile/{**tile}", handler.TileAsync);
        return group;
    }
}
