using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.Propagation;

/// <summary>A connection through a guard that made one request and stays open.</summary>
internal sealed class GuardProbe : IDisposable
{
    private readonly LoopbackTarget _target;
    private readonly SslStream _stream;

    private GuardProbe(LoopbackTarget target, SslStream stream) => (_target, _stream) = (target, stream);

    internal static GuardProbe Open(LoopbackTarget target, TlsSettings tls)
    {
        var socket = new Socket(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 120_000 };
        SslStream? stream = null;
        try
        {
            socket.Connect(target.EndPoint);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            stream.AuthenticateAsClient(tls.OptionsFor(target.Host));
            stream.Write(Encoding.ASCII.GetBytes($"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Host}\r\n\r\n"));
            var buffer = new byte[4096];
            // The end of a handshake by TLS 1.3 does not say yet whether the client's certificate was taken: the answer does.
            return stream.Read(buffer) > 0 ? new GuardProbe(target, stream) : throw new IOException("The guard ended the connection.");
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    internal static bool LetsIn(LoopbackTarget target, TlsSettings tls)
    {
        try
        {
            using GuardProbe probe = Open(target, tls);
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException)
        {
            return false;
        }
    }

    /// <summary>When the open connection was cut, and when a new one was refused first.</summary>
    internal (long Cut, long Refused) UntilRefused(TlsSettings tls, TimeSpan limit)
    {
        long cut = Task.Run(UntilCut).WaitAsync(limit).GetAwaiter().GetResult();
        long started = Stopwatch.GetTimestamp();
        while (LetsIn(_target, tls))
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new LoadException("The guard goes on letting the agent in.");
        }

        return (cut, Stopwatch.GetTimestamp());
    }

    public void Dispose() => _stream.Dispose();

    private long UntilCut()
    {
        var buffer = new byte[4096];
        try
        {
            while (_stream.Read(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Cut.
        }

        return Stopwatch.GetTimestamp();
    }
}
