using System.ComponentModel;
using System.Diagnostics;

namespace AgentPki.Server.Guard.Lists;

/// <summary>Runs the operator's command after the files changed: <c>nginx -s reload</c>.</summary>
internal static class ChangeHook
{
    private const int LongestOutput = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Null when there is no command, or it ended with 0; else what went wrong, as a clause.</summary>
    public static async Task<string?> RunAsync(ListFolderOptions options, CancellationToken cancellationToken)
    {
        if (options.OnChange is not { } command)
        {
            return null;
        }

        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AGENTPKI_CRL_DIR"] = Path.GetFullPath(options.Folder);
        try
        {
            using var process = Process.Start(start);
            return process is null ? "/bin/sh did not start" : await WaitAsync(process, cancellationToken);
        }
        catch (Exception error) when (error is Win32Exception or IOException or InvalidOperationException)
        {
            return $"/bin/sh did not start ({error.Message.TrimEnd('.')})";
        }
    }

    private static async Task<string?> WaitAsync(Process process, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode == 0)
            {
                return null;
            }

            var text = (errors + await output).Trim().ReplaceLineEndings(" ");
            return $"it ended with {process.ExitCode}: {(text.Length > LongestOutput ? text[..LongestOutput] : text)}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return "it did not end within 30 seconds";
        }
    }
}
