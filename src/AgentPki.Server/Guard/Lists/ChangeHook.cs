using System.Diagnostics;

namespace AgentPki.Server.Guard.Lists;

/// <summary>Runs the operator's command after the files changed: <c>nginx -s reload</c>.</summary>
internal static class ChangeHook
{
    private const int LongestOutput = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(ListFolderOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        if (options.OnChange is not { } command)
        {
            return;
        }

        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AGENTPKI_CRL_DIR"] = Path.GetFullPath(options.Folder);
        using var process = Process.Start(start);
        if (process is null)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
            {
                var text = (errors + await output).Trim().ReplaceLineEndings(" ");
                Log.HookFailed(logger, process.ExitCode, text.Length > LongestOutput ? text[..LongestOutput] : text);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            Log.HookFailed(logger, -1, "it did not end within 30 seconds");
        }
    }
}
