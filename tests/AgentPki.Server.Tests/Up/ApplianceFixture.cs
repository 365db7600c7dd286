using System.Net;
using System.Net.Sockets;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Up;
using Xunit;

namespace AgentPki.Server.Tests.Up;

/// <summary>One real appliance (SoftHSM, SQLite, Kestrel) made by <c>up</c> inside this process; a PKCS#11 module serves one home a process.</summary>
public sealed class ApplianceFixture : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SharedWriter _story = new();
    private Task<int> _running = Task.FromResult(0);

    public ApplianceHome Home => new(_folder.File("home"));

    public int HttpsPort { get; } = FreePort();

    public int HttpPort { get; } = FreePort();

    public string Story => _story.ToString();

    public async ValueTask InitializeAsync()
    {
        HomeFolder.CloseToOthers(); // as the command line does first of all
        _running = new UpRun(Context(_story), DefaultConfiguration.TrustDomain, null, options => options).RunAsync(_stop.Token);
        for (var waited = TimeSpan.Zero; !Story.Contains("Serving until", StringComparison.Ordinal); waited += TimeSpan.FromMilliseconds(50))
        {
            Assert.True(waited < StartLimit && !_running.IsCompleted, $"up did not come up: {_running.Exception?.InnerException}\n{Story}");
            await Task.Delay(50);
        }
    }

    /// <summary>Runs a verb as the command line does.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await CommandLine.RunAsync(arguments, Context(output, error));
        return (exitCode, output.ToString(), error.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.Equal(ExitCodes.Success, await _running);
        _stop.Dispose();
        _folder.Dispose();
    }

    private CommandContext Context(TextWriter output, TextWriter? error = null) => new(
        new Terminal(TextWriter.Synchronized(output), TextWriter.Synchronized(error ?? output), interactive: false),
        TimeProvider.System,
        name => name switch
        {
            CommandContext.HomeVariable => Home.Root,
            ConfigurationReader.HttpsPortVariable => $"{HttpsPort}",
            ConfigurationReader.HttpPortVariable => $"{HttpPort}",
            _ => null,
        },
        _folder.Path);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
