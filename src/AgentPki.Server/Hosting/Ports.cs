using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Hosting;

/// <summary>Says early and in one sentence that a port is taken, instead of after the ceremony.</summary>
public static class Ports
{
    /// <exception cref="CommandException">A port is taken, or the address is not one of this machine.</exception>
    public static void RequireFree(ListenOptions listen)
    {
        foreach (var (port, variable) in new[] { (listen.HttpsPort, ConfigurationReader.HttpsPortVariable), (listen.HttpPort, ConfigurationReader.HttpPortVariable) })
        {
            if (Probe(listen.Bind, port) is { } error)
            {
                throw Explain(listen.Bind, port, variable, error);
            }
        }

        if (listen.AdminPort is { } admin && Probe(listen.AdminBind, admin) is { } taken)
        {
            throw Explain(listen.AdminBind, admin, ConfigurationReader.AdminPortVariable, taken);
        }
    }

    /// <summary>Null when the port can be bound now.</summary>
    public static SocketError? Probe(IPAddress address, int port)
    {
        if (port == 0)
        {
            return null;
        }

        // Like Kestrel's own listener: SO_REUSEADDR, so that connections in TIME_WAIT do not count.
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return null;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }

    private static CommandException Explain(IPAddress address, int port, string variable, SocketError error)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
        return error switch
        {
            SocketError.AddressAlreadyInUse => new CommandException(ExitCodes.Environment, $"The port {where} is in use by another program.", $"Stop that program, or choose another port with {variable}=PORT."),
            SocketError.AccessDenied => new CommandException(ExitCodes.Environment, $"This user may not listen on {where}.", $"Choose a port above 1023 with {variable}=PORT."),
            SocketError.AddressNotAvailable => new CommandException(ExitCodes.Environment, $"{address} is not an address of this machine.", $"Name one with {ConfigurationReader.BindVariable}=ADDRESS (127.0.0.1, 0.0.0.0, ::)."),
            _ => new CommandException(ExitCodes.Environment, $"{where} cannot be listened on ({error}).", $"Choose another port with {variable}=PORT."),
        };
    }
}
