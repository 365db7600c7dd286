namespace AgentPki.Server.Configuration;

/// <summary>One thing wrong in a configuration: where, and what would be right.</summary>
/// <param name="Source">The file with its line, or the environment variable.</param>
/// <param name="Field">The field's path, for example <c>listen.httpsPort</c>.</param>
public sealed record ConfigurationProblem(string Source, string Field, string Detail)
{
    public override string ToString() => $"{Source}: {Field}: {Detail}";
}
