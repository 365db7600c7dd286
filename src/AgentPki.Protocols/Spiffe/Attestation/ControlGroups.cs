namespace AgentPki.Protocols.Spiffe.Attestation;

/// <summary>The control group of a process (cgroups(7), version 2): where the service manager or the container runtime has put it, and it cannot leave by itself.</summary>
public static class ControlGroups
{
    private const string Unified = "0::/";

    /// <summary>The path below the root, in its parts; null when there is none, or it lies outside of what is seen from here (another cgroup namespace).</summary>
    public static IReadOnlyList<string>? Of(string processFolder)
    {
        try
        {
            return Parse(File.ReadAllText($"{processFolder}/cgroup"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static IReadOnlyList<string>? Parse(string text) =>
        text.Split('\n').FirstOrDefault(l => l.StartsWith(Unified, StringComparison.Ordinal)) is { } line && line[Unified.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } parts
        && !parts.Contains("..") ? parts : null;
}
