using System.Collections.Immutable;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Spiffe.Attestation;
using Grpc.Core;

namespace AgentPki.Protocols.Spiffe;

/// <summary>What every call of the Workload API begins with: the header, the process behind it, and the entries that name it.</summary>
internal sealed class WorkloadCalls(SpiffeServices services)
{
    /// <summary>SPIFFE Workload API §4.1.</summary>
    public const string Header = "workload.spiffe.io";

    private readonly UserCounts _open = new(services.Options.CallsPerUser);

    /// <summary>Runs a call of a process; what stands in its way becomes its status.</summary>
    public async Task<T> RunAsync<T>(ServerCallContext context, Func<WorkloadPeer, CancellationToken, Task<T>> call)
    {
        if (context.RequestHeaders.GetValue(Header) != "true")
        {
            throw SpiffeProblems.NoHeader();
        }

        var peer = context.GetHttpContext().Features.Get<WorkloadPeer>() ?? throw SpiffeProblems.NoIdentity("the kernel does not say which process this is");
        var user = peer.Credentials.UserId;
        if (!_open.TryEnter(user))
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"this user has {services.Options.CallsPerUser} calls open already"));
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, services.Workloads.Signal.Stopping);
        try
        {
            return await call(peer, ending.Token);
        }
        catch (OperationCanceledException) when (services.Workloads.Signal.Stopping.IsCancellationRequested)
        {
            throw SpiffeProblems.Later("the appliance stops");
        }
        catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException)
        {
            Log.Unavailable(services.Logger, peer.Credentials.ProcessId, failure);
            throw SpiffeProblems.Later("the token or the store cannot work now; try again");
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            Log.Denied(services.Logger, peer.Credentials.ProcessId, user, refused.Status.Detail);
            throw;
        }
        finally
        {
            _open.Leave(user);
        }
    }

    /// <summary>The entries of the process, as it is now: at least one.</summary>
    /// <exception cref="RpcException">It has none, or has ended.</exception>
    public async ValueTask<ImmutableArray<WorkloadEntry>> IdentifyAsync(WorkloadPeer peer, CancellationToken cancellationToken)
    {
        var directory = services.Workloads.Directory;
        var workload = await services.Attestors.AttestAsync(peer, directory.Entries, cancellationToken) ?? throw SpiffeProblems.NoIdentity("the process that connected has ended");
        var entries = directory.Match(workload);
        return entries.IsEmpty ? throw SpiffeProblems.NoIdentity("no identity is registered for this process") : entries;
    }
}
