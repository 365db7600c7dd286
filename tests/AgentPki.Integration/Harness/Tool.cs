using System.Diagnostics;
using System.Text;

namespace AgentPki.Integration.Harness;

/// <summary>What a foreign command did.</summary>
internal sealed record ToolResult(string Command, int ExitCode, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Itself if it succeeded; otherwise the test ends with what the command said.</summary>
    public ToolResult MustSucceed()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode} of: {Command}\n{Text}\n{Error}");
        return this;
    }

    /// <summary>Itself if it failed; a foreign judge that accepts everything proves nothing.</summary>
    public ToolResult MustFail()
    {
        Assert.True(ExitCode != 0, $"was to fail and did not: {Command}\n{Text}\n{Error}");
        return this;
    }
}

/// <summary>Runs commands that are not ours. A missing one is a failure with its remedy, never a skip.</summary>
internal static class Tool
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // Each of these makes a client trust, contact or log something that its command line does not say.
    private static readonly string[] ForeignInfluence =
        ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "OPENSSL_CONF"];

    public static async Task<ToolResult> RunAsync(string command, IEnumerable<string> arguments, byte[]? input = null, string? folder = null, IReadOnlyDictionary<string, string>? environment = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        CleanEnvironment(start);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var line = $"{command} {string.Join(' ', start.ArgumentList)}";
        using var process = Start(start, line);
        using var timeout = new CancellationTokenSource(limit ?? Limit);
        try
        {
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            var output = ReadAsync(process.StandardOutput.BaseStream, timeout.Token);
            await WriteInputAsync(process, input, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new ToolResult(line, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"killed after {(limit ?? Limit).TotalSeconds} s: {line}");
        }
    }

    public static void CleanEnvironment(ProcessStartInfo start)
    {
        foreach (var name in ForeignInfluence)
        {
            start.Environment.Remove(name);
        }
    }

    public static Process Start(ProcessStartInfo start, string line)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new InvalidOperationException($"cannot run “{line}”: {exception.Message}. tests/foreign/install.sh installs every foreign client.", exception);
        }
    }

    private static async Task WriteInputAsync(Process process, byte[]? input, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input ?? [], cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A command that ends before it has read everything says why in its own words.
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }
}
