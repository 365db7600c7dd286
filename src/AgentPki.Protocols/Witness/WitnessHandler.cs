using System.Buffers;
using System.Globalization;
using System.Text;
using AgentPki.Authority.Problems;
using AgentPki.Ledger.Witnessing;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Witness;

/// <summary>From the wire to the witness and back.</summary>
internal sealed class WitnessHandler(WitnessServices services)
{
    /// <summary>Of the answer that says which size the witness has seen.</summary>
    internal const string SizeType = "text/x.tlog.size";

    private const string Text = "text/plain; charset=utf-8";
    private static readonly TimeSpan BodyDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    public async Task AddAsync(HttpContext context)
    {
        if (Refuse(context) is { } refused)
        {
            await refused;
            return;
        }

        var body = await RequestBody.ReadAsync(context, WitnessRequest.MaxLength, BodyDeadline, services.Time, context.RequestAborted);
        if (body.Problem is { } problem)
        {
            await PlainProblems.WriteAsync(context, problem);
            return;
        }

        var parsed = WitnessRequest.TryParse(body.Octets.ToArray(), out var request, out var error);
        body.Release();
        if (!parsed || request is null)
        {
            await PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.MalformedRequest, $"the request cannot be read: {error}"));
            return;
        }

        var answer = await services.Witness.AddAsync(request, context.RequestAborted);
        services.Answered?.Invoke(answer);
        await AnswerAsync(context, request, answer);
    }

    public async Task CheckpointAsync(HttpContext context)
    {
        if (Refuse(context) is { } refused)
        {
            await refused;
            return;
        }

        try
        {
            if (services.State.FindByHash(context.Request.RouteValues["origin"] as string ?? "") is not { } origin || services.State.Last(origin) is not { } last)
            {
                await PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.NotFound, "this witness has cosigned no checkpoint of such an origin"));
                return;
            }

            var now = services.Time.GetUtcNow();
            await new CacheableObject(Encoding.UTF8.GetBytes(last.ToString()), Text, now).WriteAsync(context, now, TimeSpan.Zero);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Log.NotReadable(services.Logger, failure);
            await PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.Unavailable, "the witness cannot read what it has cosigned", RetryAfter));
        }
    }

    private Task? Refuse(HttpContext context) =>
        services.Rates.Take(null, services.Clients.AddressOf(context), null) is { } tooMany ? PlainProblems.WriteAsync(context, tooMany) : null;

    // The statuses of tlog-witness v1.0.0 and its main branch, "add-checkpoint", in one place.
    private Task AnswerAsync(HttpContext context, WitnessRequest request, WitnessAnswer answer)
    {
        var head = request.Checkpoint.Checkpoint;
        switch (answer)
        {
            case WitnessAnswer.Cosigned(_, var lines):
                Log.Cosigned(services.Logger, head.Origin, head.Size);
                return WriteAsync(context, StatusCodes.Status200OK, Text, string.Concat(lines.Select(line => line.ToLine())));
            case WitnessAnswer.Unavailable(var reason):
                Log.Unavailable(services.Logger, head.Origin, reason);
                return PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.Unavailable, "the witness cannot cosign now; its operator finds the reason in its log", RetryAfter));
            case WitnessAnswer.Refused(var verdict, var kept):
                return RefuseAsync(context, request, verdict, kept);
            default:
                throw new InvalidOperationException();
        }
    }

    private Task RefuseAsync(HttpContext context, WitnessRequest request, WitnessVerdict verdict, bool kept)
    {
        var head = request.Checkpoint.Checkpoint;
        switch (verdict)
        {
            case WitnessVerdict.UnknownLog:
                return ProblemText.WriteAsync(context, StatusCodes.Status404NotFound, "unknown log", new PkiProblem(PkiProblemKind.NotFound, "this witness does not watch that origin"));
            case WitnessVerdict.NotSigned(var reason):
                Log.Refused(services.Logger, head.Origin, head.Size, reason);
                return ProblemText.WriteAsync(context, StatusCodes.Status403Forbidden, "not signed", new PkiProblem(PkiProblemKind.Unauthorized, reason));
            case WitnessVerdict.Malformed(var reason):
                return PlainProblems.WriteAsync(context, new PkiProblem(PkiProblemKind.MalformedRequest, reason));
            case WitnessVerdict.Behind(var size, var fork):
                if (fork)
                {
                    Log.Forked(services.Logger, head.Origin, head.Size, kept);
                }
                else if (head.Size < size)
                {
                    Log.RolledBack(services.Logger, head.Origin, head.Size, size);
                }

                return WriteAsync(context, StatusCodes.Status409Conflict, SizeType, size.ToString(CultureInfo.InvariantCulture) + "\n");
            case WitnessVerdict.Inconsistent(var reason, var fork):
                if (fork)
                {
                    Log.Forked(services.Logger, head.Origin, head.Size, kept);
                }
                else
                {
                    Log.Inconsistent(services.Logger, head.Origin, head.Size, reason, kept);
                }

                return ProblemText.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "inconsistent", new PkiProblem(PkiProblemKind.Conflict, reason));
            default:
                throw new InvalidOperationException();
        }
    }

    private static async Task WriteAsync(HttpContext context, int status, string type, string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = octets.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(octets, context.RequestAborted);
    }
}
