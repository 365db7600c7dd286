using AgentPki.Authority.Governance;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>Rules of a home (the registry's, the watch's), as they lie there.</summary>
internal sealed class RulesFile(string path, bool isGoverned) : IRulesFile
{
    public bool IsGoverned { get; } = isGoverned;

    public byte[]? Read() => File.Exists(path) ? File.ReadAllBytes(path) : null;

    public void Write(ReadOnlySpan<byte> text) => PrivateFile.Write(path, text);
}
