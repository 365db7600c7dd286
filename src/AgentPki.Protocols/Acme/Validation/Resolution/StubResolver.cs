using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>
/// A stub resolver (RFC 1034 §5.3.1) without a cache: validation wants what is there now. It asks recursive servers in turn, follows aliases where a
/// server leaves that to the asker, and bounds everything.
/// </summary>
public sealed class StubResolver : IDnsResolver
{
    private const int FormatError = 1;

    private const int NameError = 3;

    private const int NotImplemented = 4;

    private readonly ResolverOptions _options;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">Options that cannot work.</exception>
    public StubResolver(ResolverOptions options, TimeProvider time) => (_options, _time) = (options.Validate(), time);

    public async ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        var servers = _options.Servers.Count > 0 ? _options.Servers : SystemNameServers.Read();
        if (servers.Count == 0)
        {
            return new DnsAnswer.Failed("no DNS server is known: name one in the appliance's configuration or in /etc/resolv.conf");
        }

        var owner = name.TrimEnd('.').ToLowerInvariant();
        for (var aliases = 0; ;)
        {
            var (reply, failure) = await AskAsync(servers, owner, type, cancellationToken);
            if (reply is null)
            {
                return new DnsAnswer.Failed(failure);
            }

            var asked = owner;
            while (reply.Aliases.TryGetValue(owner, out var target))
            {
                if (++aliases > _options.MaximumAliases)
                {
                    return new DnsAnswer.Failed($"more than {_options.MaximumAliases} aliases (CNAME), or aliases in a circle");
                }

                owner = target;
            }

            var records = reply.Records.Where(r => r.Owner == owner).Select(r => r.Record).ToList();
            if (records.Count > _options.MaximumRecords)
            {
                return new DnsAnswer.Failed($"{records.Count} records; at most {_options.MaximumRecords} are looked at");
            }

            if (records.Count > 0)
            {
                return new DnsAnswer.Found(records, owner);
            }

            // RFC 6604 §2: the code is about the last name of the chain.
            if (reply.ResponseCode == NameError)
            {
                return new DnsAnswer.NoSuchName();
            }

            if (owner == asked)
            {
                return new DnsAnswer.Empty();
            }
        }
    }

    // Servers in turn, each as often as the options say, until one says yes or no.
    private async ValueTask<(DnsReply? Reply, string Failure)> AskAsync(IReadOnlyList<IPEndPoint> servers, string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        var failure = "no DNS server was asked";
        for (var attempt = 0; attempt < _options.Attempts * servers.Count; attempt++)
        {
            var server = servers[attempt % servers.Count];
            using var deadline = new CancellationTokenSource(_options.Timeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
            try
            {
                var reply = await AskServerAsync(server, name, type, either.Token);
                switch (reply)
                {
                    case null:
                        failure = $"the DNS server {server} sent nothing that answers the question";
                        break;
                    case { IsMalformed: true }:
                        failure = $"the answer of the DNS server {server} is malformed";
                        break;
                    case { ResponseCode: 0 or NameError }:
                        return (reply, "");
                    default:
                        failure = $"the DNS server {server} answered {reply.ResponseCodeName}";
                        break;
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                failure = $"the DNS server {server} did not answer within {_options.Timeout.TotalSeconds:0.#} s";
            }
            catch (SocketException exception)
            {
                failure = $"the DNS server {server} cannot be reached ({exception.SocketErrorCode})";
            }
            catch (IOException)
            {
                failure = $"the DNS server {server} closed the connection without an answer";
            }
        }

        return (null, failure);
    }

    private static async ValueTask<DnsReply?> AskServerAsync(IPEndPoint server, string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        if (Create(name, type, extended: true) is not { } query)
        {
            // What is no domain name does not exist; nobody is asked.
            return new DnsReply(NameError, false, new Dictionary<string, string>(), []);
        }

        var reply = await DnsExchange.UdpAsync(server, query, cancellationToken);
        if (reply is { ResponseCode: FormatError or NotImplemented } && Create(name, type, extended: false) is { } plain)
        {
            // RFC 6891 §7: a server that does not know EDNS.
            (query, reply) = (plain, await DnsExchange.UdpAsync(server, plain, cancellationToken));
        }

        if (reply is not { Truncated: true })
        {
            return reply;
        }

        var whole = await DnsExchange.TcpAsync(server, query, cancellationToken);
        return whole is { Truncated: true } ? null : whole;
    }

    private static DnsQuery? Create(string name, DnsRecordType type, bool extended)
    {
        Span<byte> id = stackalloc byte[2];
        RandomNumberGenerator.Fill(id);
        return DnsQuery.Create(name, type, BinaryPrimitives.ReadUInt16BigEndian(id), extended);
    }
}
