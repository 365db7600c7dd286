using System.Diagnostics;
using Xunit;

namespace AgentPki.Testing;

/// <summary>The OpenSSL of 3.5 or newer that <c>tests/foreign/pq-runtime.sh</c> unpacks once into <c>.tools/pq-runtime</c>, whatever the system's own knows.</summary>
public static class PqRuntime
{
    private static readonly Lazy<string> Folder = new(Install);

    /// <summary>The openssl command line with ML-DSA, SLH-DSA and ML-KEM.</summary>
    public static string OpenSsl => Path.Combine(Folder.Value, "openssl");

    /// <summary>A .NET host on that OpenSSL: start an application's dll with it, and MLDsa, SlhDsa, MLKem and TLS with them are there.</summary>
    public static string Dotnet => Path.Combine(Folder.Value, "dotnet", "dotnet");

    /// <summary>Whether this very process was started on that OpenSSL by test.sh, so that the platform's post-quantum algorithms must be there.</summary>
    public static bool IsHere => Environment.GetEnvironmentVariable("AGENTPKI_PQ_RUNTIME") == "1";

    private static string Install()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "AgentPki.sln")))
        {
            root = root.Parent;
        }

        Assert.NotNull(root);
        var folder = Path.Combine(root.FullName, ".tools", "pq-runtime");
        var script = Path.Combine(root.FullName, "tests", "foreign", "pq-runtime.sh");
        using var install = Process.Start(new ProcessStartInfo(script, [folder]) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException(script);
        var error = install.StandardError.ReadToEndAsync();
        install.StandardOutput.ReadToEnd();
        install.WaitForExit();
        Assert.True(install.ExitCode == 0, error.GetAwaiter().GetResult());
        return folder;
    }
}
