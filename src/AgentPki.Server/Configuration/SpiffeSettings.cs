using AgentPki.Protocols.Spiffe;

namespace AgentPki.Server.Configuration;

/// <summary>Who may connect to the Workload API's socket; who gets an identity there is decided by attestation.</summary>
public enum SocketAccess
{
    /// <summary>The appliance's own user.</summary>
    Owner,

    /// <summary>Also the group of the socket's folder, when that has the set-group-ID bit.</summary>
    Group,

    /// <summary>Every user of this machine who may enter the folder.</summary>
    Everyone,
}

/// <summary>The SPIFFE Workload API (<c>spiffe:</c>); it is served when the section is there.</summary>
/// <param name="Socket">Relative to the home.</param>
/// <param name="Entries">The file that says which processes are which agents; relative to the home.</param>
public sealed record SpiffeSettings(bool IsServed, string Socket, SocketAccess Access, string Entries, SpiffeOptions Wire, FederationSettings Federation)
{
    internal static SpiffeSettings Read(YamlSection section, string trustDomain)
    {
        var wire = new SpiffeOptions();
        var settings = new SpiffeSettings(
            section.IsPresent,
            section.Text("socket", "workload.sock"),
            section.Choice("access", SocketAccess.Owner),
            section.Text("entries", Path.Combine("spiffe", "entries.yaml")),
            wire with { CallsPerUser = section.Number("callsPerUser", wire.CallsPerUser, 1, 1_000_000) },
            FederationSettings.Read(section.Section("federation"), trustDomain));
        section.RefuseUnknown();
        return settings;
    }
}
