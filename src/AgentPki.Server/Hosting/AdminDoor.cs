using AgentPki.Server.Configuration;
using AgentPki.Server.Tls;
using Microsoft.AspNetCore.Connections;
using ListenOptions = Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions;

namespace AgentPki.Server.Hosting;

/// <summary>The admin socket takes TLS, by which administrators show their certificates, and plain HTTP: the first octet tells which it is.</summary>
internal static class AdminDoor
{
    // RFC 8446 §5.1: a connection begins with a handshake record. No HTTP request begins so.
    private const byte Handshake = 22;

    internal static ListenOptions TakeBoth(ListenOptions listener, TlsServing tls, ApplianceOptions options)
    {
        // Kestrel builds from the last to the first: what comes after TLS is known when what comes before it is built.
        ConnectionDelegate? plain = null;
        listener.Use(secured => async connection =>
        {
            switch (await FirstOctetAsync(connection, options.Limits.HeaderTimeout))
            {
                case Handshake:
                    await secured(connection);
                    break;
                case not null when plain is { } open:
                    await open(connection);
                    break;
            }
        });
        tls.Secure(listener, options.Tls.HandshakeTimeout);
        listener.Use(next => plain = next);
        return listener;
    }

    /// <summary>The first octet, which stays to be read; null when none came in time.</summary>
    private static async ValueTask<byte?> FirstOctetAsync(ConnectionContext connection, TimeSpan timeout)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        deadline.CancelAfter(timeout);
        try
        {
            var read = await connection.Transport.Input.ReadAsync(deadline.Token);
            byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            return first;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            connection.Abort();
            return null;
        }
    }
}
