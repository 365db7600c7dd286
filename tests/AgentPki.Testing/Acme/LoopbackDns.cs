using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentPki.Testing.Acme;

/// <summary>
/// A DNS server on 127.0.0.1, UDP and TCP on one port, that answers from what a test put in. Its encoding is its own, so that a mistake of the
/// appliance's resolver is not made twice.
/// </summary>
public sealed class LoopbackDns : IAsyncDisposable
{
    public const ushort A = 1;
    public const ushort CName = 5;
    public const ushort Txt = 16;
    public const ushort Aaaa = 28;
    public const ushort Caa = 257;

    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(string Name, ushort Type), List<byte[]>> _records = new();
    private readonly ConcurrentDictionary<string, Func<DnsQuestion, byte[]?>> _scripts = new();
    private readonly Task _running;

    private LoopbackDns(Socket udp, Socket tcp)
    {
        (_udp, _tcp) = (udp, tcp);
        EndPoint = (IPEndPoint)udp.LocalEndPoint!;
        _running = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Every question that came, in order: transport, name, type.</summary>
    public ConcurrentQueue<DnsQuestion> Questions { get; } = new();

    /// <summary>Whether the target of an alias is left to the asker.</summary>
    public bool AliasesOnly { get; set; }

    /// <summary>Datagrams larger than this are sent truncated.</summary>
    public int UdpLimit { get; set; } = 1232;

    /// <summary>Datagrams that are sent before an answer by UDP.</summary>
    public Func<DnsQuestion, IEnumerable<byte[]>> Strays { get; set; } = _ => [];

    public static LoopbackDns Start()
    {
        while (true)
        {
            var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            tcp.Listen();
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                udp.Bind(tcp.LocalEndPoint!);
                return new LoopbackDns(udp, tcp);
            }
            catch (SocketException)
            {
                tcp.Dispose();
                udp.Dispose();
            }
        }
    }

    public LoopbackDns Add(string name, ushort type, params byte[][] data)
    {
        _records.AddOrUpdate((Key(name), type), [.. data], (_, old) => [.. old, .. data]);
        return this;
    }

    public LoopbackDns AddAddress(string name, string address)
    {
        var ip = IPAddress.Parse(address);
        return Add(name, ip.AddressFamily == AddressFamily.InterNetwork ? A : Aaaa, ip.GetAddressBytes());
    }

    /// <summary>One TXT record of the given character strings.</summary>
    public LoopbackDns AddText(string name, params string[] strings) =>
        Add(name, Txt, [.. strings.SelectMany(s => (byte[])[(byte)s.Length, .. Encoding.Latin1.GetBytes(s)])]);

    public LoopbackDns AddAlias(string name, string target) => Add(name, CName, Encode(target));

    public LoopbackDns AddCaa(string name, byte flags, string tag, string value) =>
        Add(name, Caa, [flags, (byte)tag.Length, .. Encoding.ASCII.GetBytes(tag), .. Encoding.Latin1.GetBytes(value)]);

    /// <summary>Takes away what was put in for a name.</summary>
    public void Clear(string name)
    {
        foreach (var key in _records.Keys.Where(k => k.Name == Key(name)))
        {
            _records.TryRemove(key, out _);
        }
    }

    /// <summary>Answers every question about a name with a code (2: SERVFAIL, 5: REFUSED and so on).</summary>
    public LoopbackDns Answer(string name, int code) => Script(name, q => Reply(q, code, []));

    /// <summary>Answers questions about a name with whatever the script makes; null: not at all.</summary>
    public LoopbackDns Script(string name, Func<DnsQuestion, byte[]?> script)
    {
        _scripts[Key(name)] = script;
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _running;
        _stop.Dispose();
    }

    /// <summary>A whole message that answers a question.</summary>
    public static byte[] Reply(DnsQuestion question, int code, IEnumerable<(string Owner, ushort Type, byte[] Data)> answers, bool truncated = false)
    {
        var body = new List<byte>();
        var count = 0;
        foreach (var (owner, type, data) in answers)
        {
            body.AddRange(Encode(owner));
            body.AddRange(Number(type));
            body.AddRange(Number(1));
            body.AddRange([0, 0, 0, 60]);
            body.AddRange(Number((ushort)data.Length));
            body.AddRange(data);
            count++;
        }

        var flags = (ushort)(0x8180 | code | (truncated ? 0x0200 : 0));
        return [.. Number(question.Id), .. Number(flags), .. Number(1), .. Number((ushort)count), 0, 0, 0, 0, .. Encode(question.Name), .. Number(question.Type), .. Number(1), .. body];
    }

    /// <summary>A name on the wire, uncompressed.</summary>
    public static byte[] Encode(string name)
    {
        var wire = new List<byte>();
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            wire.Add((byte)label.Length);
            wire.AddRange(Encoding.Latin1.GetBytes(label));
        }

        wire.Add(0);
        return [.. wire];
    }

    private static byte[] Number(ushort value) => [(byte)(value >> 8), (byte)value];

    private static string Key(string name) => name.TrimEnd('.').ToLowerInvariant();

    private byte[]? Respond(byte[] message, bool tcp)
    {
        if (message.Length < 17)
        {
            return null;
        }

        var labels = new List<string>();
        var position = 12;
        while (message[position] != 0)
        {
            labels.Add(Encoding.Latin1.GetString(message, position + 1, message[position]));
            position += 1 + message[position];
        }

        var question = new DnsQuestion(
            BinaryPrimitives.ReadUInt16BigEndian(message), string.Join('.', labels), BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position + 1)), tcp, message[11] > 0);
        Questions.Enqueue(question);
        return _scripts.TryGetValue(Key(question.Name), out var script) ? script(question) : Look(question);
    }

    private byte[] Look(DnsQuestion question)
    {
        var answers = new List<(string, ushort, byte[])>();
        var owner = Key(question.Name);
        while (_records.TryGetValue((owner, CName), out var alias) && answers.Count < 20)
        {
            answers.Add((owner, CName, alias[0]));
            owner = Decode(alias[0]);
            if (AliasesOnly || answers.Exists(a => a.Item1 == owner))
            {
                break;
            }

        }

        var known = answers.Count > 0 && (AliasesOnly || answers.Exists(a => a.Item1 == owner));
        if (!known && _records.TryGetValue((owner, question.Type), out var data))
        {
            answers.AddRange(data.Select(d => (owner, question.Type, d)));
        }

        known |= _records.Keys.Any(k => k.Name == owner || k.Name.EndsWith("." + owner, StringComparison.Ordinal));
        var reply = Reply(question, known ? 0 : 3, answers);
        return reply.Length > UdpLimit && !question.Tcp ? Reply(question, 0, [], truncated: true) : reply;
    }

    private static string Decode(byte[] wire)
    {
        var labels = new List<string>();
        for (var i = 0; wire[i] != 0; i += 1 + wire[i])
        {
            labels.Add(Encoding.Latin1.GetString(wire, i + 1, wire[i]));
        }

        return Key(string.Join('.', labels));
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                if (Respond(buffer[..received.ReceivedBytes], tcp: false) is { } reply)
                {
                    foreach (var stray in Strays(Questions.Last()))
                    {
                        await _udp.SendToAsync(stray, SocketFlags.None, received.RemoteEndPoint, _stop.Token);
                    }

                    await _udp.SendToAsync(reply, SocketFlags.None, received.RemoteEndPoint, _stop.Token);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeTcpAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _tcp.AcceptAsync(_stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            await using var stream = new NetworkStream(connection);
            try
            {
                var prefix = new byte[2];
                await stream.ReadExactlyAsync(prefix, _stop.Token);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await stream.ReadExactlyAsync(message, _stop.Token);
                if (Respond(message, tcp: true) is { } reply)
                {
                    await stream.WriteAsync((byte[])[.. Number((ushort)reply.Length), .. reply], _stop.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
            }
        }
    }
}

/// <summary>A question as it came.</summary>
/// <param name="Extended">Whether it said that it takes more than 512 octets (EDNS).</param>
public sealed record DnsQuestion(ushort Id, string Name, ushort Type, bool Tcp, bool Extended);
