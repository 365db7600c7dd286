namespace AgentPki.Authority.Problems;

/// <summary>A value, or the problem that stands in its way: what the administrative services return.</summary>
public abstract record Outcome<T>
{
    private Outcome()
    {
    }

    public sealed record Done(T Value) : Outcome<T>;

    public sealed record Refused(PkiProblem Problem) : Outcome<T>;
}
