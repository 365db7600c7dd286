using System.Diagnostics;

namespace AgentPki.Testing;

/// <summary>The openssl command line, in a folder of its own that is deleted afterwards.</summary>
/// <param name="program">Null: the system's.</param>
public sealed class OpenSslTool(string? program = null) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentpki-openssl-");

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public string Write(string name, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(PathOf(name), content);
        return PathOf(name);
    }

    public string Write(string name, string content)
    {
        File.WriteAllText(PathOf(name), content);
        return PathOf(name);
    }

    public byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    /// <summary>Runs openssl in the folder; its output, standard error included. Throws when it fails.</summary>
    public string Run(params string[] arguments)
    {
        var (code, output) = TryRun(arguments);
        return code == 0 ? output : throw new InvalidOperationException($"openssl {string.Join(' ', arguments)} failed with {code}: {output}");
    }

    public (int Code, string Output) TryRun(params string[] arguments)
    {
        var start = new ProcessStartInfo(program ?? "openssl", arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
