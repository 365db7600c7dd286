using System.Globalization;
using AgentPki.Client.Revocation;
using AgentPki.Server.Guard.Lists;
using AgentPki.Server.Guard.Proxy;

namespace AgentPki.Server.Guard;

/// <summary>
/// <c>/healthz</c>: 200 while the feed is current, where it is among those who are asked, and the CRL files are fresh and whoever reads them was told; else 503 with the reason. What OCSP responders and
/// CRLs behind the feed would say is not tried: with them a guard may let peers in while this is 503, and refuse them while it is 200.
/// </summary>
/// <param name="needsFeed">Whether the feed is among those who are asked.</param>
internal sealed class GuardHealth(RevocationFollower follower, bool needsFeed, ListKeeper? lists, DoorCertificateKeeper? certificate, TimeProvider clock)
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
        var renewal = certificate?.Problem is { } failed ? $"certificate: not renewed: {failed.ReplaceLineEndings(" ")}\n" : "";
        await context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{problem ?? "ok"}\nfeed: event {follower.View.Sequence}, {age}\n{renewal}"), context.RequestAborted);
    }
}
