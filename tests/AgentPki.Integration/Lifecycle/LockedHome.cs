using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Lifecycle;

/// <summary>A development home whose token's PIN was taken out of its file and shared among three officers, any two of whom open it.</summary>
internal sealed class LockedHome : IAsyncDisposable
{
    public const string Passphrase = "correct horse battery";
    private static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly List<(Officer Officer, string File)> _officers = [];
    private readonly StringBuilder _log = new();
    private Process? _process;

    private LockedHome(Appliance appliance) => Appliance = appliance;

    public Appliance Appliance { get; }

    public string Pin { get; private set; } = "";

    public SealedSecret? Sealed { get; private set; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    private string SealedFile => Path.Combine(Appliance.Home, "secrets", "pin.sealed.json");

    public static async Task<LockedHome> MakeAsync()
    {
        var home = new LockedHome(await Appliance.StartNewAsync());
        await home.Appliance.KillAsync();
        var pinFile = Path.Combine(home.Appliance.Home, "secrets", "pin");
        home.Pin = await File.ReadAllTextAsync(pinFile);
        foreach (var name in (string[])["ada", "bob", "eve"])
        {
            var (file, officer) = await OfficerKeyFile.CreateAsync(name, $"Officer {name}", KeyAlgorithm.EcdsaP256, Encoding.UTF8.GetBytes(Passphrase), Software, default);
            home._officers.Add((officer, file));
            await File.WriteAllTextAsync(home.FileOf(name, "key"), file);
            await File.WriteAllBytesAsync(home.FileOf(name, "officer"), officer.Encode());
        }

        home.Sealed = await home.SealAsync(home.Pin.TrimEnd());
        await home.InstallAsync(home.Sealed);
        File.Delete(pinFile);
        return home;
    }

    /// <summary>An officer's file beside the home: his own (<c>key</c>), or everybody's (<c>officer</c>).</summary>
    public string FileOf(string officer, string kind) => Path.Combine(Path.GetDirectoryName(Appliance.Home)!, $"{officer}.{kind}");

    public async Task<SealedSecret> SealAsync(string pin) =>
        await SealedSecret.SealAsync(Encoding.ASCII.GetBytes(pin), "user PIN", OfficerRoster.Of(2, _officers.Select(o => o.Officer)), Software, default);

    public async Task InstallAsync(SealedSecret secret)
    {
        await File.WriteAllBytesAsync(SealedFile, secret.Encode());
        File.SetUnixFileMode(SealedFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>An officer's share, opened with his key file.</summary>
    public async Task<byte[]> ShareAsync(string officer, SealedSecret? secret = null)
    {
        var (who, file) = _officers.Single(o => o.Officer.Name == officer);
        Assert.True(OfficerKeyFile.TryOpen(file, who, Encoding.UTF8.GetBytes(Passphrase), out var key, out _));
        await using (key)
        {
            var (share, problem) = await (secret ?? Sealed!).OpenShareAsync(key, default);
            Assert.Null(problem);
            return share!.Encode();
        }
    }

    /// <summary><c>agentpki serve</c>, which is alive at once and locked.</summary>
    public async Task ServeAsync()
    {
        _process = Process.Start(Appliance.Command(["serve", "--dev"]))!;
        _process.OutputDataReceived += (_, line) => Remember(line.Data);
        _process.ErrorDataReceived += (_, line) => Remember(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.TrueAsync(async () => await StatusOfAsync("/healthz") == 200, TimeSpan.FromSeconds(90), () => $"it does not live:\n{Log}", giveUp: () => _process.HasExited);
    }

    public async Task KillAsync()
    {
        if (_process is { HasExited: false } running)
        {
            running.Kill();
            await running.WaitForExitAsync();
        }
    }

    public async Task<int> StopAsync()
    {
        (await Tool.RunAsync("kill", ["-TERM", _process!.Id.ToString()])).MustSucceed();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(40));
        return _process.ExitCode;
    }

    public Task ReadyAsync() => Eventually.TrueAsync(async () => await StatusOfAsync("/readyz") == 200, TimeSpan.FromSeconds(90), () => $"it does not become ready:\n{Log}", giveUp: () => _process!.HasExited);

    public Task LockedAsync(string reason) => Eventually.TrueAsync(
        async () => await GetAsync("/readyz") is { Status: 503 } answer && answer.Text.Contains(reason, StringComparison.Ordinal), TimeSpan.FromSeconds(90), () => $"it is not locked:\n{Log}", giveUp: () => _process!.HasExited);

    public async Task<HttpAnswer?> GetAsync(string path)
    {
        try
        {
            return await Appliance.Http().ExchangeAsync(Requests.Get(path));
        }
        catch (SocketException)
        {
            return null; // between two hosts
        }
    }

    /// <summary>Gives octets to the admin socket as a share, and returns the status and what was answered.</summary>
    public async Task<(int Status, string Text)> GiveAsync(byte[] octets, string type = "application/octet-stream")
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(Appliance.Home, "admin.sock")), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var content = new ByteArrayContent(octets);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await http.PostAsync(new Uri("http://localhost/admin/v1/locks/shares"), content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary><c>agentpki unlock</c> at a pseudo-terminal, the passphrase typed when it is asked for.</summary>
    public async Task<(int ExitCode, string Shown)> UnlockAsync(string officer, string passphrase)
    {
        var command = Appliance.Command(["unlock", FileOf(officer, "officer"), "--key", FileOf(officer, "key")]);
        var line = string.Join(' ', new[] { command.FileName }.Concat(command.ArgumentList).Select(word => $"'{word}'"));
        command.FileName = "script";
        command.ArgumentList.Clear();
        foreach (var argument in (string[])["--quiet", "--flush", "--return", "--command", line, "/dev/null"])
        {
            command.ArgumentList.Add(argument);
        }

        using var process = Process.Start(command)!;
        var shown = new StringBuilder();
        var buffer = new char[1024];
        while (await process.StandardOutput.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(60)) is > 0 and var count)
        {
            shown.Append(buffer, 0, count);
            if (shown.ToString().EndsWith($"passphrase of {officer}: ", StringComparison.Ordinal))
            {
                await process.StandardInput.WriteAsync(passphrase + "\n");
                await process.StandardInput.FlushAsync();
            }
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return (process.ExitCode, shown.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
        foreach (var (officer, _) in _officers)
        {
            File.Delete(FileOf(officer.Name, "key"));
            File.Delete(FileOf(officer.Name, "officer"));
        }

        await Appliance.DisposeAsync();
    }

    private async Task<int?> StatusOfAsync(string path) => (await GetAsync(path))?.Status;

    private void Remember(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
