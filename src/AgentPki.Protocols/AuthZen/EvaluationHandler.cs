using System.Text.Json;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Problems;
using AgentPki.Ledger.Decisions;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.AuthZen;

/// <summary>The Access Evaluation API (AuthZEN §6) and the Access Evaluations API (§7).</summary>
internal sealed class EvaluationHandler(AuthZenServices services)
{
    private const string Protocol = "authzen";
    private const string RequestId = "X-Request-ID";
    private const int LongestRequestId = 256;
    private const int LargestRequest = 64 * 1024;
    private const int LargestBatch = 512 * 1024;
    private static readonly TimeSpan BodyDeadline = TimeSpan.FromSeconds(10);

    public Task EvaluateAsync(HttpContext context) => HandleAsync(context, LargestRequest, (asker, root) => EvaluateOneAsync(context, asker, root));

    public Task EvaluateManyAsync(HttpContext context) => HandleAsync(context, LargestBatch, (asker, root) => EvaluateManyAsync(context, asker, root));

    /// <summary>What both share: TLS, the request's id, who asks, JSON.</summary>
    private async Task HandleAsync(HttpContext context, int limit, Func<string, JsonElement, Task> handler)
    {
        if (!context.Request.IsHttps && !services.Clients.IsTrustedProxy(context))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        // §10.1.3: the same identifier comes back.
        if (context.Request.Headers[RequestId] is { Count: > 0 } sent)
        {
            if (sent is not [{ Length: <= LongestRequestId } id] || id.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                await RefuseAsync(context, new PkiProblem(PkiProblemKind.MalformedRequest, $"the header {RequestId} may occur once, with at most {LongestRequestId} printable characters"));
                return;
            }

            context.Response.Headers[RequestId] = id;
        }

        if (await FindAskerAsync(context) is not { } asker)
        {
            return;
        }

        if (!MediaType.Is(context.Request, "application/json"))
        {
            await RefuseAsync(context, new PkiProblem(PkiProblemKind.UnsupportedMediaType, "the Content-Type must be application/json"));
            return;
        }

        var body = await RequestBody.ReadAsync(context, limit, BodyDeadline, services.Time, context.RequestAborted);
        if (body.Problem is { } problem)
        {
            await RefuseAsync(context, problem);
            return;
        }

        try
        {
            // Until it is answered the body stays where it lies: the document reads from it.
            using var document = EvaluationJson.TryParse(body.Octets, out var error);
            await (document is null ? BadRequestAsync(context, error) : handler(asker, document.RootElement));
        }
        finally
        {
            body.Release();
        }
    }

    /// <summary>Who asks; null: he was refused.</summary>
    private async ValueTask<string?> FindAskerAsync(HttpContext context)
    {
        var client = services.Clients.Find(context);
        if (client.Problem is { } unreadable)
        {
            await RefuseAsync(context, unreadable);
            return null;
        }

        if (client.Certificate is not { } certificate || !client.IssuedHere)
        {
            await RefuseAsync(context, services.Rates.Take(null, services.Clients.AddressOf(context), null)
                ?? new PkiProblem(PkiProblemKind.Unauthenticated, "who asks for decisions shows a client certificate of this appliance"));
            return null;
        }

        var (asker, whyNot, isKnown) = await services.Decisions.AuthenticateAsync(certificate, context.RequestAborted);
        if (asker is null)
        {
            await RefuseAsync(context, new PkiProblem(isKnown ? PkiProblemKind.Unauthorized : PkiProblemKind.Unauthenticated, whyNot ?? ""));
        }

        return asker;
    }

    private async Task EvaluateOneAsync(HttpContext context, string asker, JsonElement root)
    {
        var entities = EvaluationReader.Entities.Of(root, default);
        if (entities.WhyNot() is { } why)
        {
            await BadRequestAsync(context, why);
            return;
        }

        var answered = await services.Decisions.Decisions.DecideAsync(EvaluationReader.Read(entities, asker, CorrelationId.Of(context)), context.RequestAborted);
        var receipt = await services.Decisions.TryCertifyAsync([answered], EvaluationReader.NonceOf(entities.Context), context.RequestAborted);
        await EvaluationWriter.WriteAsync(context, EvaluationWriter.Single(answered, receipt));
    }

    private async Task EvaluateManyAsync(HttpContext context, string asker, JsonElement root)
    {
        // §7.1: without evaluations it is a request of one.
        if (!root.TryGetProperty("evaluations", out var list) || (list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 0))
        {
            await EvaluateOneAsync(context, asker, root);
            return;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > DecisionStatement.MaximumDecisions || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object))
        {
            await BadRequestAsync(context, $"'evaluations' must be a list of at most {DecisionStatement.MaximumDecisions} objects");
            return;
        }

        if (SemanticOf(root) is not { } semantic)
        {
            await BadRequestAsync(context, "'options.evaluations_semantic' must be execute_all, deny_on_first_deny or permit_on_first_permit");
            return;
        }

        var defaults = EvaluationReader.Entities.Of(root, default);
        var entities = list.EnumerateArray().Select(e => EvaluationReader.Entities.Of(e, defaults)).ToList();
        var answers = await AnswerAsync(entities, semantic, asker, CorrelationId.Of(context), context.RequestAborted);
        var answered = answers.Select(a => a.Answered).OfType<AnsweredCall>().ToList();
        var receipt = answered.Count == 0 ? null : await services.Decisions.TryCertifyAsync(answered, EvaluationReader.NonceOf(defaults.Context), context.RequestAborted);
        await EvaluationWriter.WriteAsync(context, EvaluationWriter.Many(answers, receipt));
    }

    /// <summary>§7.1.2.1: all of them, side by side; or one after the other, until the first that ends it.</summary>
    private async ValueTask<IReadOnlyList<EvaluationAnswer>> AnswerAsync(IReadOnlyList<EvaluationReader.Entities> entities, EvaluationsSemantic semantic, string asker, string correlation, CancellationToken cancellationToken)
    {
        if (semantic == EvaluationsSemantic.ExecuteAll)
        {
            return await Task.WhenAll(entities.Select(e => AnswerAsync(e, asker, correlation, cancellationToken).AsTask()));
        }

        var answers = new List<EvaluationAnswer>();
        foreach (var entity in entities)
        {
            var answer = await AnswerAsync(entity, asker, correlation, cancellationToken);
            answers.Add(answer);
            if (answer.IsPermitted == (semantic == EvaluationsSemantic.PermitOnFirstPermit))
            {
                break;
            }
        }

        return answers;
    }

    private async ValueTask<EvaluationAnswer> AnswerAsync(EvaluationReader.Entities entities, string asker, string correlation, CancellationToken cancellationToken) => entities.WhyNot() is { } why
        ? new EvaluationAnswer(null, why)
        : new EvaluationAnswer(await services.Decisions.Decisions.DecideAsync(EvaluationReader.Read(entities, asker, correlation), cancellationToken), null);

    private static EvaluationsSemantic? SemanticOf(JsonElement root)
    {
        if (!root.TryGetProperty("options", out var options))
        {
            return EvaluationsSemantic.ExecuteAll;
        }

        if (options.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return !options.TryGetProperty("evaluations_semantic", out var value) ? EvaluationsSemantic.ExecuteAll : value.ValueKind != JsonValueKind.String ? null : value.GetString() switch
        {
            "execute_all" => EvaluationsSemantic.ExecuteAll,
            "deny_on_first_deny" => EvaluationsSemantic.DenyOnFirstDeny,
            "permit_on_first_permit" => EvaluationsSemantic.PermitOnFirstPermit,
            _ => null,
        };
    }

    private Task BadRequestAsync(HttpContext context, string detail) => RefuseAsync(context, new PkiProblem(PkiProblemKind.MalformedRequest, detail));

    // Counted with the strangers', whoever it was: a question that is none says nothing of an agent, and must not buy storage.
    private async Task RefuseAsync(HttpContext context, PkiProblem problem)
    {
        var id = CorrelationId.Of(context);
        Log.Refused(services.Logger, id, problem.Kind, problem.Detail);
        await services.Refuse(new Refusal(AuditTrail.Stranger, problem, Protocol, id), context.RequestAborted);
        await AuthZenProblems.WriteAsync(context, problem);
    }

    private enum EvaluationsSemantic
    {
        ExecuteAll,
        DenyOnFirstDeny,
        PermitOnFirstPermit,
    }
}
