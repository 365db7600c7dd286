using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The policies of a home, and their tests. A home that has none permits nothing.</summary>
internal sealed class PolicyFolder(ApplianceHome home) : IPolicyFolder
{
    private const int LargestFile = 1 << 20;

    public IReadOnlyList<PolicyFile> Read() => Directory.Exists(home.Policies) ? ReadAll(home.Policies) : [];

    /// <exception cref="IOException">The folder is not there, or one of its files cannot be read.</exception>
    public static IReadOnlyList<PolicyFile> ReadAll(string folder) => [.. Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal).Select(ReadFile)];

    public void Write(string file, ReadOnlySpan<byte> text)
    {
        Directory.CreateDirectory(home.Policies);
        PrivateFile.Write(Path.Combine(home.Policies, file), text);
    }

    private static PolicyFile ReadFile(string path) => new FileInfo(path).Length <= LargestFile
        ? new PolicyFile(Path.GetFileName(path), File.ReadAllBytes(path))
        : throw new IOException($"{Path.GetFileName(path)} is larger than {LargestFile >> 20} MiB");
}
