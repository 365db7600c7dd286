using System.Net;
using AgentPki.Client.Peers;
using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Guard;

/// <summary>What <c>agentpki guard</c> does, checked: a door before a service, CRL files for other doors, or both.</summary>
/// <param name="Appliance">Where the revocation feed and the CRLs are.</param>
/// <param name="Anchors">Roots.</param>
/// <param name="Intermediates">Issuing CAs that came in the same file.</param>
public sealed record GuardOptions(Uri Appliance, IReadOnlyList<Certificate> Anchors, IReadOnlyList<Certificate> Intermediates)
{
    public TimeSpan MaximumStaleness { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyList<RevocationSource> Sources { get; init; } = [RevocationSource.Feed, RevocationSource.Ocsp, RevocationSource.Crl];

    /// <summary>Where health and metrics are; a loopback address.</summary>
    public IPEndPoint Admin { get; init; } = new(IPAddress.Loopback, 9443);

    public DoorOptions? Door { get; init; }

    public ListFolderOptions? Lists { get; init; }

    public PeerGateOptions Gate() => new(Appliance, Anchors) { Intermediates = Intermediates, Sources = Sources, MaximumStaleness = MaximumStaleness };

    public RevocationFollowerOptions Follower() => new(Appliance, Anchors) { MaximumStaleness = MaximumStaleness };
}

/// <summary>The TLS door.</summary>
/// <param name="Upstream">The service behind it: scheme, host, port, perhaps a path that goes before every request's.</param>
/// <param name="Allowed">SPIFFE IDs that may come in; none: whoever the anchors vouch for.</param>
public sealed record DoorOptions(IPEndPoint Listen, Uri Upstream, DoorIdentity Identity, IReadOnlyList<SpiffeIdPattern> Allowed)
{
    /// <summary>Access tokens that each request must bring, besides the certificate; null: none is asked for.</summary>
    public DoorTokens? Tokens { get; init; }

    /// <summary>How long the service may be silent within a request.</summary>
    public TimeSpan UpstreamTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Whether the service speaks HTTP/2 without TLS (gRPC).</summary>
    public bool UpstreamHttp2 { get; init; }
}

/// <summary>Whose tokens, and for which resource (docs/oauth.md).</summary>
public sealed record DoorTokens(string Issuer, string Resource);

/// <summary>Whence the door's own certificate comes. Files are looked at again when they change.</summary>
/// <param name="Enrolment">Null: somebody else keeps the files.</param>
public sealed record DoorIdentity(string CertificateFile, string KeyFile, DoorEnrolment? Enrolment);

/// <summary>The guard keeps its certificate itself, over EST.</summary>
/// <param name="Server">Scheme, host, port.</param>
/// <param name="CredentialFile"><c>name:secret</c>, for the first enrolment; null: there is a certificate already.</param>
/// <param name="Names">DNS names; the first is the common name.</param>
public sealed record DoorEnrolment(Uri Server, string? CredentialFile, IReadOnlyList<string> Names);

/// <summary>CRL files for nginx, Envoy and whoever else reads files.</summary>
/// <param name="Urls">The lists to keep.</param>
/// <param name="OnChange">A shell command that runs after a change; null: none.</param>
public sealed record ListFolderOptions(string Folder, IReadOnlyList<Uri> Urls, string? OnChange)
{
    /// <summary>How often they are looked at without an event.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);
}
