using AgentPki.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentPki.Server.Tls;

/// <summary>
/// Which certificate a client gets: ECDSA, or where the home has one and the client says that it can verify it (RFC 8446 §4.2.3), ML-DSA. Stock clients
/// connect as ever.
/// </summary>
/// <param name="Classical">For every client.</param>
/// <param name="PostQuantum">Null where the home is classical, or the platform has no ML-DSA in TLS.</param>
public sealed record TlsServing(TlsIdentity Classical, TlsIdentity? PostQuantum, KeyAlgorithm? Algorithm)
{
    private static readonly object OffersMlDsa = new();

    // draft-ietf-tls-mldsa §3; IANA TLS SignatureScheme.
    private ushort Scheme => Algorithm == KeyAlgorithm.MlDsa44 ? (ushort)0x0904 : Algorithm == KeyAlgorithm.MlDsa87 ? (ushort)0x0906 : (ushort)0x0905;

    /// <summary>Puts TLS before a listener.</summary>
    public ListenOptions Secure(ListenOptions listener, TimeSpan timeout)
    {
        if (PostQuantum is not { } postQuantum)
        {
            return listener.UseHttps(Classical.HandshakeOptions(timeout));
        }

        listener.Use(next => async connection =>
        {
            if (await LookAsync(connection, timeout))
            {
                await next(connection);
            }
        });
        return listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = timeout,
            OnConnection = context => ValueTask.FromResult((context.Connection.Items.ContainsKey(OffersMlDsa) ? postQuantum : Classical).Options),
        });
    }

    /// <summary>False when the client sent nothing in time and was cut off.</summary>
    private async Task<bool> LookAsync(ConnectionContext connection, TimeSpan timeout)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        deadline.CancelAfter(timeout);
        try
        {
            if (await ClientHello.OffersAsync(connection.Transport.Input, Scheme, deadline.Token))
            {
                connection.Items[OffersMlDsa] = true;
            }

            return true;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            connection.Abort();
            return false;
        }
    }
}
