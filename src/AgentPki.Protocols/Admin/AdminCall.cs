using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;

namespace AgentPki.Protocols.Admin;

/// <summary>One call of the admin API that its caller may make.</summary>
/// <param name="owners">The owners that the caller is confined to; null: none.</param>
internal sealed class AdminCall(AdminServices services, AdminTarget target, AdminCaller caller, string actor, ImmutableArray<string>? owners, string correlationId)
{
    private const int DefaultLimit = 100;
    public const int MaximumLimit = 10_000;

    public AdminServices Services { get; } = services;

    public AdminTarget Target { get; } = target;

    /// <summary>Who asked; of a request that waited he who made it.</summary>
    public AdminCaller Caller { get; } = caller;

    /// <summary>As the ledger names whoever asked, and whoever approved.</summary>
    public string Actor { get; } = actor;

    public string CorrelationId { get; } = correlationId;

    /// <summary>The owners that the caller is confined to; null: none.</summary>
    public ImmutableArray<string>? Owners { get; } = owners;

    /// <summary>The second person, who has approved it; null: there is none.</summary>
    public string? Approver { get; init; }

    /// <summary>Whether a second person has approved it.</summary>
    public bool IsApproved => Approver is not null;

    /// <summary>Whether something of that owner is the caller's to see and to change.</summary>
    public bool Covers(string? owner) => Owners is not { } own || (owner is not null && own.Contains(owner));

    /// <summary>A path parameter, decoded.</summary>
    public string Path(string name) => Target.Path[name] as string ?? "";

    /// <summary>A query parameter, or null.</summary>
    public string? Query(string name) => Target.Query.TryGetValue(name, out var value) && value is [{ Length: > 0 } text] ? text : null;

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

    /// <summary>Why an owner does not get what is not known to be his owners'.</summary>
    public PkiProblem NotOwned(string what) => new(PkiProblemKind.Unauthorized, $"{what}: {Caller.Name} has the role owner for {(Owners is { IsEmpty: false } own ? string.Join(", ", own) : "nobody")} only");

    /// <summary>The answer to a question about what is not there. Questions change nothing and are no entries.</summary>
    public static Outcome<T> NotFound<T>(string detail) => new Outcome<T>.Refused(new PkiProblem(PkiProblemKind.NotFound, detail));
}
