using System.Diagnostics;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>Token modules that <c>hsm-config/NAME/install.sh</c> unpacks once into <c>.tools/NAME</c> of the working tree.</summary>
internal static class ToolFolder
{
    /// <summary>The module's path; the test fails with the script's own words when it cannot be had.</summary>
    public static string Install(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "AgentPki.sln")))
        {
            root = root.Parent;
        }

        Assert.NotNull(root);
        var script = Path.Combine(root.FullName, "hsm-config", name, "install.sh");
        using var install = Process.Start(new ProcessStartInfo(script, [Path.Combine(root.FullName, ".tools", name)]) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException(script);
        var error = install.StandardError.ReadToEndAsync();
        var output = install.StandardOutput.ReadToEnd();
        install.WaitForExit();
        Assert.True(install.ExitCode == 0, error.GetAwaiter().GetResult());
        return output.Trim().Split('\n')[^1];
    }
}
