using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Demo.Cast;

/// <summary>Who an agent is, and where everybody else is.</summary>
/// <param name="Folder">Where its certificate and key lie.</param>
/// <param name="Pki">The appliance's HTTPS door.</param>
/// <param name="Tools">The guard before the tool service: also the name of that resource (RFC 8707).</param>
/// <param name="WorkloadSocket">The SPIFFE Workload API.</param>
internal sealed record AgentSetting(SpiffeId Id, string Folder, Uri Pki, Uri Tools, string WorkloadSocket, IReadOnlyList<Certificate> Anchors);
