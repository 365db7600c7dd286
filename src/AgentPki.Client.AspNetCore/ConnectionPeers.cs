using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Client.AspNetCore;

/// <summary>
/// Who is at the other end of Kestrel's connections. Each is admitted once, by a listener's <see cref="Guard"/> or by its first request, and aborted when its peer is good no more. A request with
/// another certificate than that (a proxy forwards its clients' over one connection) is judged by its own.
/// </summary>
public sealed class ConnectionPeers(PeerGate gate, PeerDemand demand)
{
    private static readonly object Key = new();

    /// <summary>For the TLS callback: null when nothing is known against the certificate.</summary>
    public PeerRefusal? Judge(X509Certificate certificate, X509Chain? chain) => gate.Judge(certificate.GetRawCertData(), PeerTls.SentAlong(chain), demand);

    /// <summary>Admits each connection of a listener before its first request; to be called after TLS was put before it. A connection without a certificate, or refused, is aborted.</summary>
    /// <param name="refused">Is told why.</param>
    public ListenOptions Guard(ListenOptions listener, Action<PeerRefusal> refused)
    {
        listener.Use(next => async connection =>
        {
            var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
            switch (certificate is null ? NoCertificate() : await FindAsync(connection.Items, certificate, connection.Abort, connection.ConnectionClosed, connection.ConnectionClosed))
            {
                case Admission.Admitted admitted:
                    using (admitted.Peer)
                    {
                        await next(connection);
                    }

                    break;
                case Admission.Refused refusal:
                    refused(refusal.Refusal);
                    connection.Abort();
                    break;
                default:
                    connection.Abort();
                    break;
            }
        });
        return listener;
    }

    /// <summary>The peer of a request: its connection's where it has the same certificate.</summary>
    public async ValueTask<Admission> AdmitAsync(HttpContext context)
    {
        var features = context.Features;
        if (features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate)
        {
            return NoCertificate();
        }

        if (features.Get<IConnectionItemsFeature>() is { Items: var items } && features.Get<IConnectionLifetimeFeature>() is { } lifetime
            && await FindAsync(items, certificate, lifetime.Abort, lifetime.ConnectionClosed, context.RequestAborted) is { } ofConnection)
        {
            return ofConnection;
        }

        // HTTP/3, or one of a proxy's many: the connection is not ours to abort, the request is.
        var admission = await AskAsync(certificate, context.Abort, context.RequestAborted);
        if (admission is Admission.Admitted admitted)
        {
            context.Response.RegisterForDispose(admitted.Peer);
        }

        return admission;
    }

    // Null: the connection is somebody else's. A refusal is not kept: the feed may be heard again before the next request.
    private async ValueTask<Admission?> FindAsync(IDictionary<object, object?> items, X509Certificate2 certificate, Action abort, CancellationToken closed, CancellationToken cancellationToken)
    {
        var slot = SlotOf(items);
        if (slot.Peer is { } known)
        {
            return Of(known, certificate);
        }

        await slot.One.WaitAsync(cancellationToken);
        try
        {
            if (slot.Peer is { } meanwhile)
            {
                return Of(meanwhile, certificate);
            }

            var admission = await AskAsync(certificate, abort, cancellationToken);
            if (admission is Admission.Admitted { Peer: var peer })
            {
                slot.Peer = peer;
                closed.UnsafeRegister(static state => (state as Peer)?.Dispose(), peer);
            }

            return admission;
        }
        finally
        {
            slot.One.Release();
        }
    }

    private static Admission? Of(Peer peer, X509Certificate2 certificate) =>
        !peer.Certificate.Der.Span.SequenceEqual(certificate.RawDataMemory.Span) ? null : peer.Refusal is { } refusal ? new Admission.Refused(refusal) : new Admission.Admitted(peer);

    private static Admission.Refused NoCertificate() => new(new PeerRefusal(RefusalKind.NoCertificate, "The peer showed no certificate."));

    private ValueTask<Admission> AskAsync(X509Certificate2 certificate, Action cut, CancellationToken cancellationToken) => gate.AdmitAsync(certificate.RawDataMemory, [], demand, cut, cancellationToken);

    // Requests of one HTTP/2 connection come at once, and its dictionary is not made for that.
    private static Slot SlotOf(IDictionary<object, object?> items)
    {
        lock (items)
        {
            if (items.TryGetValue(Key, out var kept) && kept is Slot slot)
            {
                return slot;
            }

            var made = new Slot();
            items[Key] = made;
            return made;
        }
    }

#pragma warning disable CA1001 // A semaphore whose wait handle is never asked for holds nothing to dispose of.
    private sealed class Slot
#pragma warning restore CA1001
    {
        private Peer? _peer;

        public SemaphoreSlim One { get; } = new(1, 1);

        public Peer? Peer
        {
            get => Volatile.Read(ref _peer);
            set => Volatile.Write(ref _peer, value);
        }
    }
}
