namespace AgentPki.Integration.Harness;

/// <summary>Where things lie in the tree that the running test assembly was built from.</summary>
internal static class SourceTree
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The build output of the appliance's executable, of the same configuration as this test assembly.</summary>
    public static string ServerAssembly { get; } = Path.Combine(Root, "src", "AgentPki.Server", "bin", Configuration, "net10.0", "agentpki.dll");

    /// <summary>Committed exchanges with foreign clients.</summary>
    public static string Transcripts { get; } = Path.Combine(Root, "tests", "transcripts");

    /// <summary>Clients that are not ours.</summary>
    public static string Foreign { get; } = Path.Combine(Root, "tests", "foreign");

    // …/bin/<Configuration>/net10.0/
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no AgentPki.sln above {AppContext.BaseDirectory}");
    }
}
