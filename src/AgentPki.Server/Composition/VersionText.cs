using System.Reflection;

namespace AgentPki.Server.Composition;

/// <summary>This build's version.</summary>
public static class VersionText
{
    public static string Number { get; } = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
