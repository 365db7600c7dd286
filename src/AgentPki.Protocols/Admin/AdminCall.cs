using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>One authenticated call of the admin API.</summary>
internal sealed class AdminCall(AdminServices services, HttpContext context, string actor)
{
    private const int DefaultLimit = 100;
    private const int MaximumLimit = 10_000;

    public AdminServices Services { get; } = services;

    public string Actor { get; } = actor;

    public string CorrelationId => Http.CorrelationId.Of(context);

    /// <summary>A path parameter, decoded.</summary>
    public string Path(string name) => context.Request.RouteValues[name] as string ?? "";

    /// <summary>A query parameter, or null.</summary>
    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var value) && value is [{ Length: > 0 } text] ? text : null;

    /// <summary>The parameter <c>limit</c>: 1 to 10,000, 100 unless told otherwise.</summary>
    public Outcome<int> Limit() => Number("limit", DefaultLimit) switch
    {
        Outcome<long>.Done(var value) when value is >= 1 and <= MaximumLimit => new Outcome<int>.Done((int)value),
        _ => new Outcome<int>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'limit' must be a number from 1 to {MaximumLimit}")),
    };

    /// <summary>A number that is not negative.</summary>
    public Outcome<long> Number(string name, long fallback)
    {
        if (Query(name) is not { } text)
        {
            return new Outcome<long>.Done(fallback);
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new Outcome<long>.Done(value)
            : new Outcome<long>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'{name}' must be a number"));
    }

    /// <summary>Records a refusal that this API itself makes of something that would have changed the appliance; services record their own.</summary>
    public async ValueTask<Outcome<T>> RefuseAsync<T>(PkiProblem problem, CancellationToken cancellationToken)
    {
        await Services.Authority.Audit.RefuseAsync(new Refusal(Actor, problem, "admin", CorrelationId), cancellationToken);
        return new Outcome<T>.Refused(problem);
    }

    /// <summary>The answer to a question about what is not there. Questions change nothing and are no entries.</summary>
    public static Outcome<T> NotFound<T>(string detail) => new Outcome<T>.Refused(new PkiProblem(PkiProblemKind.NotFound, detail));
}
