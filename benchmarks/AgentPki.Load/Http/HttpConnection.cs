using System.Buffers.Text;
using System.Net.Security;
using System.Net.Sockets;

namespace AgentPki.Load.Http;

/// <summary>
/// One HTTP/1.1 connection with blocking reads and writes and one reused buffer: a thread a connection, because a blocking
/// socket costs the generator less than a dispatched one, and the generator shares its processors with what it measures.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[16 * 1024];
    private int _filled;

    private HttpConnection(Socket socket, Stream stream) => (_socket, _stream) = (socket, stream);

    internal static HttpConnection Open(LoopbackTarget target, TlsSettings? tls)
    {
        var socket = new Socket(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.ReceiveTimeout = socket.SendTimeout = 30_000;
        Stream? stream = null;
        try
        {
            socket.Connect(target.EndPoint);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (target.Tls)
            {
                var secure = new SslStream(stream, leaveInnerStreamOpen: false);
                stream = secure;
                secure.AuthenticateAsClient((tls ?? throw new LoadException("An https target needs --ca.")).OptionsFor(target.Host));
            }

            return new HttpConnection(socket, stream);
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends one request and reads its whole answer.</summary>
    internal HttpAnswer Exchange(ReadOnlySpan<byte> request)
    {
        _filled = 0;
        _stream.Write(request);
        int head = ReadHead();
        ReadOnlySpan<byte> headBytes = _buffer.AsSpan(0, head);
        if (!Utf8Parser.TryParse(headBytes[9..], out int status, out _))
            throw new InvalidDataException("The answer has no status line.");
        bool closes = HeaderValue(headBytes, "connection"u8).IndexOf("close"u8) >= 0;
        if (!HeaderValue(headBytes, "transfer-encoding"u8).IsEmpty)
            return new HttpAnswer(status, _buffer.AsMemory(0, head), ReadChunks(head), closes);
        if (!Utf8Parser.TryParse(HeaderValue(headBytes, "content-length"u8), out int length, out _))
            length = status == 204 ? 0 : throw new InvalidDataException("The answer has neither Content-Length nor chunks.");
        FillTo(head + length);
        return new HttpAnswer(status, _buffer.AsMemory(0, head), _buffer.AsMemory(head, length), closes);
    }

    /// <summary>The value of a header, its name in lower case; empty when absent.</summary>
    internal static ReadOnlySpan<byte> HeaderValue(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        for (int at = head.IndexOf("\r\n"u8); at >= 0 && at + 2 < head.Length;)
        {
            ReadOnlySpan<byte> line = head[(at + 2)..];
            int end = line.IndexOf("\r\n"u8);
            if (end <= 0)
                break;
            if (end > name.Length && line[name.Length] == (byte)':' && System.Text.Ascii.EqualsIgnoreCase(line[..name.Length], name))
                return line[(name.Length + 1)..end].Trim((byte)' ');
            at += 2 + end;
        }

        return default;
    }

    private int ReadHead()
    {
        while (true)
        {
            int end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return end + 4;
            FillTo(_filled + 1);
        }
    }

    /// <summary>Reads a chunked body (RFC 9112 §7.1) and closes up its chunks.</summary>
    private ReadOnlyMemory<byte> ReadChunks(int head)
    {
        int read = head, write = head;
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(read, _filled - read).IndexOf("\r\n"u8)) < 0)
                FillTo(_filled + 1);
            if (!Utf8Parser.TryParse(_buffer.AsSpan(read, line), out int size, out _, 'x'))
                throw new InvalidDataException("A chunk has no size.");
            read += line + 2;
            FillTo(read + size + 2);
            _buffer.AsSpan(read, size).CopyTo(_buffer.AsSpan(write));
            write += size;
            read += size + 2;
            if (size == 0)
                return _buffer.AsMemory(head, write - head);
        }
    }

    private void FillTo(int count)
    {
        while (_filled < count)
        {
            if (count > _buffer.Length || _filled == _buffer.Length)
                Array.Resize(ref _buffer, Math.Max(count, _buffer.Length * 2));
            int got = _stream.Read(_buffer, _filled, _buffer.Length - _filled);
            if (got == 0)
                throw new EndOfStreamException("The server closed the connection in the middle of an answer.");
            _filled += got;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }
}
