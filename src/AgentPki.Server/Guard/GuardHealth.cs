using System.Globalization;
using AgentPki.Client.Revocation;
using AgentPki.Server.Guard.Lists;

namespace AgentPki.Server.Guard;

/// <summary><c>/healthz</c>: 200 while the guard can tell who is revoked, 503 with the reason while it cannot.</summary>
/// <param name="needsFeed">Whether the feed is among those who are asked.</param>
internal sealed class GuardHealth(RevocationFollower follower, bool needsFeed, ListKeeper? lists, TimeProvider clock)
{
    public async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path != "/healthz")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var problem = needsFeed && follower.View.IsStale ? $"the revocation feed is stale{(follower.Problem is { } why ? $": {why}" : "")}" : lists?.Problem;
        var age = follower.View.AsOf is { } asOf ? string.Create(CultureInfo.InvariantCulture, $"{(clock.GetUtcNow() - asOf).TotalSeconds:0.0} s old") : "not heard yet";
        context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        await context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{problem ?? "ok"}\nfeed: event {follower.View.Sequence}, {age}\n"), context.RequestAborted);
    }
}
