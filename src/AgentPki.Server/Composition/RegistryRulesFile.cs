using AgentPki.Authority.Registry;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The rules of a home's registry, as they lie there.</summary>
internal sealed class RegistryRulesFile(ApplianceHome home, bool isGoverned) : IRegistryRulesFile
{
    public bool IsGoverned { get; } = isGoverned;

    public byte[]? Read() => File.Exists(home.RegistryRules) ? File.ReadAllBytes(home.RegistryRules) : null;

    public void Write(ReadOnlySpan<byte> text) => PrivateFile.Write(home.RegistryRules, text);
}
