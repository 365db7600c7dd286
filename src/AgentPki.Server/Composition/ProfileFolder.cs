using AgentPki.Protocols.Admin;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The profiles of a home, as the admin API reads and writes them.</summary>
internal sealed class ProfileFolder(ApplianceHome home) : IProfileFolder
{
    public IReadOnlyList<(string File, string Yaml)> Read() => [.. ProfileFiles.ReadAll(home).Select(f => (f.Name, System.Text.Encoding.UTF8.GetString(f.Text)))];

    public void Write(string file, ReadOnlySpan<byte> text) => PrivateFile.Write(Path.Combine(home.Profiles, file), text);
}
