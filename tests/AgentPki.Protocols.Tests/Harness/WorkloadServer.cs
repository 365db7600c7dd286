using System.Collections.Immutable;
using System.Net.Sockets;
using System.Security.Cryptography;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Testing.Fixtures;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>The Workload API on a real Unix socket in front of a whole authority, the clock of which tests move; the process that asks is this one.</summary>
internal sealed class WorkloadServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;
    private readonly List<GrpcChannel> _channels = [];

    private WorkloadServer(WebApplication app, TestAuthority authority, string folder) => (_app, Authority, _folder) = (app, authority, folder);

    public TestAuthority Authority { get; }

    public WorkloadAuthority Workloads => Authority.Services.Workloads;

    public string Socket => Path.Combine(_folder, "workload.sock");

    public static string OwnUser { get; } = $"unix:uid:{ProcessStatus.Read("/proc/self")!.User}";

    public static async Task<WorkloadServer> StartAsync(SpiffeOptions? options = null, Func<SpiffeServices, SpiffeServices>? configure = null, ProfileCatalog? profiles = null, params WorkloadEntry[] entries)
    {
        var authority = await TestAuthority.StartAsync(profiles: profiles);
        var folder = Directory.CreateTempSubdirectory("agentpki-spiffe-").FullName;
        var services = new SpiffeServices
        {
            Workloads = authority.Services.Workloads,
            Attestors = WorkloadAttestors.All(),
            Options = options ?? new SpiffeOptions(),
            Time = authority.Time,
            Logger = NullLogger.Instance,
        };
        services = configure?.Invoke(services) ?? services;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(folder, "workload.sock"), listener => listener.UseWorkloads(100)));
        builder.Services.AddWorkloadApi(services);
        var app = builder.Build();
        app.MapWorkloadApi();
        await app.StartAsync(TestContext.Current.CancellationToken);
        authority.Services.Workloads.Signal.Start();
        var server = new WorkloadServer(app, authority, folder);
        await server.SetEntriesAsync(entries.Length == 0 ? [Entry()] : entries);
        return server;
    }

    /// <summary>An entry of this process.</summary>
    public static WorkloadEntry Entry(string name = "test", string path = "/agent/test", string owner = "team-a", TimeSpan? lifetime = null, string hint = "", params string[] selectors) => new()
    {
        Name = name,
        Id = $"spiffe://{TestAuthority.TrustDomain}{path}",
        Owner = owner,
        Profile = "workload",
        Lifetime = lifetime,
        DnsNames = ["test.example"],
        Hint = hint,
        Selectors = [.. (selectors.Length == 0 ? [OwnUser] : selectors).Select(s => WorkloadSelector.TryParse(s, out var parsed) ? parsed : throw new FormatException(s))],
    };

    public async Task SetEntriesAsync(params WorkloadEntry[] entries) =>
        await Workloads.Directory.ReplaceAsync([.. entries], Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), TestContext.Current.CancellationToken);

    public SpiffeWorkloadAPI.SpiffeWorkloadAPIClient Client()
    {
        var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            DisposeHttpClient = true,
        });
        _channels.Add(channel);
        return new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel);
    }

    public static Metadata Header => new() { { "workload.spiffe.io", "true" } };

    public AsyncServerStreamingCall<X509SVIDResponse> Svids(SpiffeWorkloadAPI.SpiffeWorkloadAPIClient? client = null) =>
        (client ?? Client()).FetchX509SVID(new X509SVIDRequest(), Header, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>The next message, however much time has to pass for it: the clock goes on while it is waited for.</summary>
    public async Task<T> NextAsync<T>(AsyncServerStreamingCall<T> call)
    {
        var moving = call.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
        await PassAsync(moving);
        return await moving ? call.ResponseStream.Current : throw new InvalidOperationException("The stream has ended.");
    }

    /// <summary>The status that a call ends with.</summary>
    public async Task<Status> EndAsync<T>(AsyncServerStreamingCall<T> call)
    {
        while (true)
        {
            try
            {
                var moving = call.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
                await PassAsync(moving);
                Assert.True(await moving, "The stream ended without a status.");
            }
            catch (RpcException ended)
            {
                return ended.Status;
            }
        }
    }

    /// <summary>Lets so much of the clock's time pass, in steps that the streams follow.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        for (var step = TimeSpan.FromSeconds(5); time > TimeSpan.Zero; time -= step)
        {
            Authority.Time.Advance(step);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private async Task PassAsync(Task until)
    {
        // Small steps at first, in which what was only just raised is heard; then larger ones.
        for (var steps = 0; !until.IsCompleted; steps++)
        {
            Authority.Time.Advance(TimeSpan.FromSeconds(steps < 50 ? 0.2 : 2));
            await Task.WhenAny(until, Task.Delay(2, TestContext.Current.CancellationToken));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(c => c.Dispose());
        await Workloads.Signal.StopAsync();
        await _app.DisposeAsync();
        await Authority.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
