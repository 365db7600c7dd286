using System.Collections.Immutable;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Spiffe.Attestation;
using Grpc.Core;

namespace AgentPki.Protocols.Spiffe;

/// <summary>One message of a stream, before it is written.</summary>
/// <param name="Version">Two messages that say the same have the same.</param>
/// <param name="GoodUntil">When it is to be looked at again, whatever happens.</param>
/// <param name="Complete">The message with everything in it; null: something in it has just been replaced, and it is to be made again.</param>
/// <param name="Release">Called when it is written.</param>
internal sealed record StreamMessage<T>(string Version, DateTimeOffset GoodUntil, Func<CancellationToken, ValueTask<T?>> Complete, Action Release)
    where T : class;

/// <summary>
/// A stream of the Workload API: who the process is and what it may have is decided anew whenever something happened (<see cref="WorkloadSignal"/>), and said when it is something else
/// than before. It ends with PermissionDenied when the process has no identity any more.
/// </summary>
internal sealed class WorkloadStream(SpiffeServices services, WorkloadCalls calls)
{
    public Task<bool> RunAsync<T>(ServerCallContext context, IServerStreamWriter<T> responses, Func<WorkloadPeer, ImmutableArray<WorkloadEntry>, CancellationToken, ValueTask<StreamMessage<T>>> make)
        where T : class => calls.RunAsync<bool>(context, async (peer, cancellationToken) =>
    {
        var signal = services.Workloads.Signal;
        for (string? said = null; ;)
        {
            var version = signal.Version;
            var pause = services.Options.RetryAfter;
            try
            {
                var message = await make(peer, await calls.IdentifyAsync(peer, cancellationToken), cancellationToken);
                if (message.Version == said || await WriteAsync(message, responses, cancellationToken))
                {
                    said = message.Version;
                    pause = message.GoodUntil - services.Time.GetUtcNow();
                }
            }
            catch (Exception failure) when (said is not null && (failure is KeyUnavailableException or StoreUnavailableException or RpcException { StatusCode: StatusCode.Unavailable }))
            {
                // What was said is still true; it is looked at again soon.
                Log.Unavailable(services.Logger, peer.Credentials.ProcessId, failure);
            }

            await signal.WaitBeyondAsync(version, pause > TimeSpan.Zero ? pause : services.Options.RetryAfter, cancellationToken);
        }
    });

    private static async ValueTask<bool> WriteAsync<T>(StreamMessage<T> message, IServerStreamWriter<T> responses, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            if (await message.Complete(cancellationToken) is not { } complete)
            {
                return false;
            }

            await responses.WriteAsync(complete, cancellationToken);
            return true;
        }
        finally
        {
            message.Release();
        }
    }
}
