namespace AgentPki.Cryptography.Tests;

/// <summary>Files under tests/vectors, found from wherever the test runs.</summary>
internal static class Vectors
{
    public static string Path(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "tests", "vectors", name);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new FileNotFoundException($"tests/vectors/{name} is not there.");
    }
}
