using System.Net;
using System.Net.Sockets;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>
/// The only way by which validation connects to anything: looks the host up once, lets the rules judge every address, and connects to one that passed.
/// </summary>
/// <param name="openSocket">A TCP socket of that family; null: of this machine.</param>
internal sealed class EgressGate(EgressOptions options, IDnsResolver resolver, TimeProvider time, Func<AddressFamily, Socket>? openSocket = null)
{
    private readonly Func<AddressFamily, Socket> _openSocket = openSocket ?? (family => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
    private readonly EgressOptions _options = options.Validate();
    private readonly AddressRules _rules = new(options);

    public EgressOptions Options => _options;

    /// <summary>A token that ends with the caller's, or when one validation has had its time.</summary>
    public EgressDeadline Deadline(CancellationToken cancellationToken) => new(_options.TotalTimeout, time, cancellationToken);

    /// <summary>Whether a redirect may lead to a port of a host.</summary>
    public bool IsRedirectPort(string host, int port) =>
        _options.RedirectPorts.Contains(port) || (_options.Development is { } development && DevelopmentTargets.Covers(host) && development.PortFor(port) is not null);

    /// <param name="host">A domain name, or an address without brackets.</param>
    public async ValueTask<EgressConnection> ConnectAsync(string host, int port, CancellationToken cancellationToken) =>
        await RouteAsync(host, port, cancellationToken) switch
        {
            EgressRoute.Closed(var error, var detail) => new EgressConnection.Failed(error, detail),
            EgressRoute.Open(var endPoints) => await ConnectAsync(host, endPoints, cancellationToken),
            _ => throw new InvalidOperationException("a route is open or closed"),
        };

    internal async ValueTask<EgressRoute> RouteAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (_options.Development is { } development && DevelopmentTargets.Covers(host))
        {
            return development.PortFor(port) is { } mapped
                ? new EgressRoute.Open([new IPEndPoint(IPAddress.TryParse(host, out var local) ? local : IPAddress.Loopback, mapped)])
                : new EgressRoute.Closed(AcmeErrorType.Connection, $"port {port} of {AcmeText.Shown(host)} is not one that validation connects to");
        }

        if (IPAddress.TryParse(host, out var address))
        {
            return _rules.Check(address) is { } kind
                ? new EgressRoute.Closed(AcmeErrorType.Connection, $"{address} is {kind}, to which this server does not connect")
                : new EgressRoute.Open([new IPEndPoint(address, port)]);
        }

        // Both families at once; what one of them lacks, the other may have.
        var six = resolver.QueryAsync(host, DnsRecordType.Aaaa, cancellationToken).AsTask();
        var four = resolver.QueryAsync(host, DnsRecordType.A, cancellationToken).AsTask();
        await Task.WhenAll(six, four);
        return Judge(host, port, await six, await four);
    }

    private EgressRoute Judge(string host, int port, DnsAnswer six, DnsAnswer four)
    {
        var found = Interleave(Addresses(six), Addresses(four));
        if (found.Count == 0)
        {
            return new EgressRoute.Closed(AcmeErrorType.Dns, Missing(host, six, four));
        }

        var open = new List<IPEndPoint>();
        var refused = "";
        foreach (var address in found)
        {
            if (_rules.Check(address) is not { } kind)
            {
                open.Add(new IPEndPoint(address, port));
            }
            else if (refused.Length == 0)
            {
                refused = $"{AcmeText.Shown(host)} is at {address}, {kind}, to which this server does not connect";
            }
        }

        return open.Count > 0 ? new EgressRoute.Open([.. open.Take(_options.MaximumAddresses)]) : new EgressRoute.Closed(AcmeErrorType.Connection, refused);
    }

    private static string Missing(string host, DnsAnswer six, DnsAnswer four) => (six, four) switch
    {
        (_, DnsAnswer.Failed(var detail)) => $"looking up the A records of {AcmeText.Shown(host)} failed: {detail}",
        (DnsAnswer.Failed(var detail), _) => $"looking up the AAAA records of {AcmeText.Shown(host)} failed: {detail}",
        (DnsAnswer.NoSuchName, DnsAnswer.NoSuchName) => $"the name {AcmeText.Shown(host)} does not exist (NXDOMAIN)",
        _ => $"{AcmeText.Shown(host)} has neither A nor AAAA records",
    };

    private async ValueTask<EgressConnection> ConnectAsync(string host, IReadOnlyList<IPEndPoint> endPoints, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var endPoint in endPoints)
        {
            using var patience = new CancellationTokenSource(_options.ConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            Socket? socket = null;
            try
            {
                // Fails where this machine lacks the address's family; the next address may have the other.
                socket = _openSocket(endPoint.AddressFamily);
                socket.NoDelay = true;
                await socket.ConnectAsync(endPoint, either.Token);
                return new EgressConnection.Connected(socket, endPoint);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                socket?.Dispose();
                failures.Add($"{endPoint} did not answer within {_options.ConnectTimeout.TotalSeconds:0.#} s");
            }
            catch (SocketException exception)
            {
                socket?.Dispose();
                failures.Add($"{endPoint}: {Reason(exception.SocketErrorCode)}");
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }

        return new EgressConnection.Failed(AcmeErrorType.Connection, $"no connection to {AcmeText.Shown(host)}: {string.Join("; ", failures)}");
    }

    private static string Reason(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown or SocketError.AddressFamilyNotSupported => "not reachable from here",
        SocketError.TimedOut => "timed out",
        SocketError.ConnectionReset => "connection reset",
        _ => error.ToString(),
    };

    private static List<IPAddress> Addresses(DnsAnswer answer) =>
        answer is DnsAnswer.Found found ? [.. found.Records.OfType<DnsRecord.Address>().Select(r => r.Value)] : [];

    // RFC 8305 §4: the families alternate, IPv6 first, so that neither is lost when the other does not work here.
    private static List<IPAddress> Interleave(List<IPAddress> first, List<IPAddress> second)
    {
        var all = new List<IPAddress>(first.Count + second.Count);
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            if (i < first.Count)
            {
                all.Add(first[i]);
            }

            if (i < second.Count)
            {
                all.Add(second[i]);
            }
        }

        return all;
    }
}
