using System.Net;
using System.Net.Http.Headers;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Demo.Cast;

/// <summary>An agent's requests to the tool service, through the guard before it: with its certificate, and an access token that is bound to it.</summary>
internal sealed class ToolCalls(Uri guard, IReadOnlyList<Certificate> anchors, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>One call, over a connection of its own.</summary>
    internal async Task<ToolReply> CallAsync(AgentSelf self, string token, string action, string resource, CancellationToken cancellationToken)
    {
        using var http = MutualTls.Client(guard, anchors, self.Tls);
        return await CallAsync(http, token, action, resource, cancellationToken);
    }

    /// <summary>The same call again and again, over one connection, until somebody else than the policy says no: the door does not open any more, or the answer is about the agent itself.</summary>
    internal async Task<(int Denied, ToolReply Last)> BurstAsync(AgentSelf self, string token, string action, string resource, int most, CancellationToken cancellationToken)
    {
        using var http = MutualTls.Client(guard, anchors, self.Tls);
        for (var denied = 0; ; denied++)
        {
            var reply = await CallAsync(http, token, action, resource, cancellationToken);
            if (!reply.IsDecided || reply.Text.Contains(ToolService.DeniedForStatus, StringComparison.Ordinal) || denied == most)
            {
                return (denied, reply);
            }
        }
    }

    /// <summary>Until it is not let in any more, each time over a new connection.</summary>
    internal async Task<ToolReply> UntilOutAsync(AgentSelf self, string token, string action, string resource, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await CallAsync(self, token, action, resource, cancellationToken) is { Outcome: not AgentOutcome.Done } reply)
            {
                return reply;
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }
    }

    /// <summary>A request whose answer goes on for as long as the connection does.</summary>
    /// <returns>How it began, and how it ended.</returns>
    internal async Task<(ToolReply Begin, Task<ToolReply> End)> FollowAsync(AgentSelf self, string token, string resource, CancellationToken cancellationToken)
    {
        var http = MutualTls.Client(guard, anchors, self.Tls);
        http.Timeout = Timeout.InfiniteTimeSpan;
        using var request = Request(token, HttpMethod.Get, $"{resource}?follow");
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
#pragma warning disable CA2025 // The task outlives this call on purpose, and disposes both when the stream has ended.
        return (new ToolReply(Of(answer.StatusCode), $"HTTP {(int)answer.StatusCode}", false, clock.GetTimestamp()), EndAsync(http, answer, cancellationToken));
#pragma warning restore CA2025
    }

    private async Task<ToolReply> EndAsync(HttpClient http, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using (http)
        using (answer)
        {
            try
            {
                await answer.Content.CopyToAsync(Stream.Null, cancellationToken);
                return new ToolReply(AgentOutcome.Failed, "the service ended it", false, clock.GetTimestamp());
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                return new ToolReply(AgentOutcome.Refused, "the connection was cut", false, clock.GetTimestamp());
            }
        }
    }

    private async Task<ToolReply> CallAsync(HttpClient http, string token, string action, string resource, CancellationToken cancellationToken)
    {
        using var request = Request(token, action == "write" ? HttpMethod.Put : HttpMethod.Get, resource);
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            var text = (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim();
            return new ToolReply(Of(answer.StatusCode), $"HTTP {(int)answer.StatusCode}: {text}", answer.StatusCode == HttpStatusCode.Forbidden, clock.GetTimestamp());
        }
        catch (HttpRequestException failure)
        {
            return new ToolReply(MutualTls.IsRefusal(failure) ? AgentOutcome.Refused : AgentOutcome.Failed, $"no connection: {(failure.InnerException ?? failure).Message}", false, clock.GetTimestamp());
        }
    }

    private HttpRequestMessage Request(string token, HttpMethod method, string resource)
    {
        var request = new HttpRequestMessage(method, new Uri(guard, resource));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    private static AgentOutcome Of(HttpStatusCode status) => status switch
    {
        HttpStatusCode.OK => AgentOutcome.Done,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => AgentOutcome.Refused,
        _ => AgentOutcome.Failed,
    };
}

/// <param name="IsDecided">Whether the tool service answered it with a denial of the appliance's.</param>
/// <param name="At">When it was known, by the machine's monotonic clock.</param>
internal sealed record ToolReply(AgentOutcome Outcome, string Text, bool IsDecided, long At);
