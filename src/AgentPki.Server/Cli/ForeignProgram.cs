using System.ComponentModel;
using System.Diagnostics;

namespace AgentPki.Server.Cli;

/// <summary>Runs a program of the system (openssl) and returns what it said. No shell: arguments are passed as they are.</summary>
public static class ForeignProgram
{
    /// <param name="Text">Standard output and standard error, in that order, trimmed.</param>
    public sealed record Outcome(int ExitCode, string Text);

    /// <returns>Null when the program is not installed.</returns>
    public static async Task<Outcome?> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        try
        {
            using var process = Process.Start(start);
            if (process is null)
            {
                return null;
            }

            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new Outcome(process.ExitCode, $"{await output}{await error}".Trim());
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
