using System.Net;
using System.Text.Json;
using AgentPki.Client.Decisions;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Demo.Cast;

/// <summary>
/// A small service behind a guard (<c>agentpki demo tool-service</c>): customers of a CRM, to be read (GET) and written (PUT). The guard says who is there (RFC 9440); whether he may, the appliance
/// says for each single action; no permission counts without its receipt, and every receipt is kept.
/// </summary>
internal sealed class ToolService(DecisionClient decisions, string receipts) : IAsyncDisposable
{
    /// <summary>What a denial says when it is about the agent and not about the action.</summary>
    internal const string DeniedForStatus = "(status)";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private WebApplication? _app;

    /// <summary>On a loopback port, for the guard alone.</summary>
    internal async Task StartAsync(int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "agentpki" });
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _writing.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var resource = context.Request.Path.Value?.TrimStart('/') ?? "";
        var action = HttpMethods.IsGet(context.Request.Method) ? "read" : HttpMethods.IsPut(context.Request.Method) ? "write" : null;
        if (action is null || !resource.StartsWith("crm/", StringComparison.Ordinal) || CertificateOf(context.Request.Headers["Client-Cert"].ToString()) is not { } agent)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, "There is nothing here.");
            return;
        }

        var decision = await decisions.AskAsync(QuestionOf(context, agent, action, resource), context.RequestAborted);
        if (decision is { Origin: DecisionOrigin.Nobody })
        {
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable, $"There is no decision: {decision.Explanation}");
            return;
        }

        await KeepAsync(decision.Receipt, context.RequestAborted);
        if (!decision.IsPermitted)
        {
            await SayAsync(context, StatusCodes.Status403Forbidden, $"denied by decision {decision.Id} ({decision.Reasons[0].Split(':')[0]}): {decision.Explanation}");
        }
        else if (context.Request.Query.ContainsKey("follow"))
        {
            await FollowAsync(context);
        }
        else
        {
            await SayAsync(context, StatusCodes.Status200OK, $"{(action == "read" ? "customer" : "changed")} {resource}, by decision {decision.Id}");
        }
    }

    // The scopes of the access token are the task at hand: nothing beyond them is permitted.
    private static DecisionQuestion QuestionOf(HttpContext context, Certificate agent, string action, string resource)
    {
        var (slash, scopes) = (resource.IndexOf('/', StringComparison.Ordinal), ScopesOf(context.Request.Headers.Authorization.ToString()));
        return new DecisionQuestion(agent, action, resource[..slash], resource[(slash + 1)..])
        {
            Context = JsonSerializer.SerializeToElement(new { ip = context.Request.Headers["X-Forwarded-For"].ToString(), task = new { scopes } }),
        };
    }

    // What the customer does goes on until somebody cuts it.
    private static async Task FollowAsync(HttpContext context)
    {
        try
        {
            while (true)
            {
                await context.Response.WriteAsync("nothing new\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(Tick, context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The guard has cut it.
        }
    }

    private async Task KeepAsync(string? receipt, CancellationToken cancellationToken)
    {
        if (receipt is null)
        {
            return;
        }

        await _writing.WaitAsync(cancellationToken);
        try
        {
            await File.AppendAllTextAsync(receipts, receipt + "\n", cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static Task SayAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }

    /// <summary>RFC 9440 §2.2: a byte sequence of structured fields.</summary>
    private static Certificate? CertificateOf(string header)
    {
        var der = new byte[header.Length];
        return header is [':', .., ':'] && Convert.TryFromBase64String(header[1..^1], der, out var length) && Certificate.TryParse(der.AsMemory(0, length), out var certificate, out _) ? certificate : null;
    }

    // The guard has verified the token, and that it is bound to this certificate.
    private static string[] ScopesOf(string authorization)
    {
        if (authorization.Split('.') is not [_, var payload, _])
        {
            return [];
        }

        using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(payload));
        return claims.RootElement.TryGetProperty("scope", out var scope) ? (scope.GetString() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
    }
}
