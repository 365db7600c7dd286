namespace AgentPki.X509.Tests.Support;

/// <summary>Files under tests/vectors, found from wherever the test runs.</summary>
internal static class Vectors
{
    public static string Text(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "vectors", name);
            if (File.Exists(candidate))
            {
                return File.ReadAllText(candidate);
            }
        }

        throw new FileNotFoundException($"tests/vectors/{name} is not there.");
    }

    /// <summary>The octets of the first PEM block.</summary>
    public static byte[] Pem(string name)
    {
        var text = Text(name);
        return Convert.FromBase64String(text[System.Security.Cryptography.PemEncoding.Find(text).Base64Data]);
    }
}
