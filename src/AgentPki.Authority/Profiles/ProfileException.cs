namespace AgentPki.Authority.Profiles;

/// <summary>One thing that is wrong with a profile: where, and what would be right.</summary>
/// <param name="Line">From 1; 0 when it concerns the file as a whole.</param>
public sealed record ProfileError(string File, int Line, string Field, string Message)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}: {Field}: {Message}" : $"{File}: {Field}: {Message}";
}

/// <summary>The profiles cannot be used; the appliance does not start. The message lists every error, one a line.</summary>
public sealed class ProfileException(IReadOnlyList<ProfileError> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<ProfileError> Errors { get; } = errors;
}
