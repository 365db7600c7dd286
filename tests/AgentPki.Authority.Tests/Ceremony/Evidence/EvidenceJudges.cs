using System.Diagnostics;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>Who judges evidence: the program, and a shell with openssl.</summary>
internal static class EvidenceJudges
{
    /// <summary>Everything that is wrong by <see cref="EvidenceVerifier"/>.</summary>
    public static IReadOnlyList<string> Program(EvidenceFolder folder, string? plan = null) =>
        [.. EvidenceVerifier.Verify(folder, TestOfficers.Software, plan).Findings.Where(f => f.IsProblem).Select(f => f.Text)];

    /// <summary>What <c>verify.sh</c> says, not the one in the folder; its exit status.</summary>
    public static (int Code, string Output) Shell(EvidenceFolder folder, string? plan = null, string? openssl = null, params IReadOnlyList<string> shell)
    {
        var script = Path.Combine(Path.GetTempPath(), $"agentpki-verify-{Guid.NewGuid():N}.sh");
        File.WriteAllBytes(script, VerifyScript.Content.Span);
        try
        {
            string[] command = [.. shell.DefaultIfEmpty("sh"), script, folder.Root, .. plan is null ? Array.Empty<string>() : [plan]];
            var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
            if (openssl is not null)
            {
                start.Environment["OPENSSL"] = openssl;
            }

            using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + error.GetAwaiter().GetResult());
        }
        finally
        {
            File.Delete(script);
        }
    }
}
