namespace AgentPki.Server.Doctor;

/// <summary>How a check went.</summary>
public enum Verdict
{
    Ok,

    /// <summary>Works, but should be looked at.</summary>
    Warn,

    /// <summary>The appliance cannot work, or not safely, until this is mended.</summary>
    Fail,
}

/// <summary>What one check found.</summary>
/// <param name="Check">What was checked, for example <c>token login</c>.</param>
/// <param name="Detail">What was found, as one line.</param>
/// <param name="Remedy">How to mend it; null when nothing needs mending.</param>
public sealed record Finding(string Check, Verdict Verdict, string Detail, string? Remedy = null)
{
    public static Finding Ok(string check, string detail) => new(check, Verdict.Ok, detail);

    public static Finding Warn(string check, string detail, string remedy) => new(check, Verdict.Warn, detail, remedy);

    public static Finding Fail(string check, string detail, string remedy) => new(check, Verdict.Fail, detail, remedy);
}
