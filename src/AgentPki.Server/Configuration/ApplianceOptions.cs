using System.Net;

namespace AgentPki.Server.Configuration;

/// <summary>The configuration of one appliance, valid as a whole: made only by <see cref="ConfigurationReader"/>.</summary>
/// <param name="Name">Shown to people and written into the CA names that a ceremony makes.</param>
/// <param name="Development">Made by <c>up</c>: development ceremony, a reusable enrolment token. Refused by <c>serve</c> without <c>--dev</c>.</param>
/// <param name="Tokens">The PKCS#11 tokens, at least one, in order of preference.</param>
/// <param name="KeyPrefix">Stands before the label of every key, so that two homes can share a token.</param>
/// <param name="TrustDomain">The SPIFFE trust domain of every agent here.</param>
/// <param name="Profile">What <c>up --profile</c> made the home for, as it was written there.</param>
/// <param name="PublicUrl">Base of the AIA, CDP and OCSP locations in certificates, without a final slash.</param>
public sealed record ApplianceOptions(
    string Name,
    bool Development,
    string Profile,
    string TrustDomain,
    string PublicUrl,
    ListenOptions Listen,
    IReadOnlyList<TokenOptions> Tokens,
    string KeyPrefix,
    string Database,
    TlsOptions Tls,
    LimitOptions Limits,
    LogOptions Log,
    MetricsAudience Metrics,
    LedgerOptions Ledger,
    AcmeSettings Acme,
    StatusOptions Status,
    RevocationSettings Revocations,
    BackupSettings Backup)
{
    /// <summary>Identities for processes of this machine.</summary>
    public SpiffeSettings Spiffe { get; init; } = new(false, "", SocketAccess.Owner, "", new(), new FederationSettings(false, null, TimeSpan.FromMinutes(5), []));

    public GovernanceOptions Governance { get; init; } = new(true, TimeSpan.FromDays(3));

    /// <summary>The object identifier of the extension with agents' policies (docs/agent-policy.md).</summary>
    public string AgentPolicyOid { get; init; } = X509.AgentPolicies.AgentPolicyDer.DefaultOid;

    /// <summary>Access tokens; null: switched off.</summary>
    public Authority.OAuth.OAuthOptions? OAuth { get; init; }
    public required DecisionSettings Decisions { get; init; }
}

/// <summary>Who administers, and how.</summary>
/// <param name="FourEyes">Whether what is dangerous wants a second person; only a development home can do without.</param>
/// <param name="RequestLifetime">How long it waits for him.</param>
public sealed record GovernanceOptions(bool FourEyes, TimeSpan RequestLifetime);

/// <summary>Where it listens.</summary>
/// <param name="Names">Further DNS names and addresses of the TLS certificate; <c>localhost</c> and 127.0.0.1 are always there.</param>
/// <param name="TrustedProxies">Peers that end TLS for their clients and may pass on a client's certificate (RFC 9440).</param>
/// <param name="ProxySocket">A Unix socket for such a proxy on this machine; empty: none.</param>
public sealed record ListenOptions(
    IPAddress Bind, int HttpsPort, int HttpPort, IReadOnlyList<string> Names, IReadOnlyList<IPNetwork> TrustedProxies, string ProxySocket)
{
    /// <summary>The administrators' own TLS port; null: there is none, they come by the socket in the home.</summary>
    public int? AdminPort { get; init; }

    public IPAddress AdminBind { get; init; } = IPAddress.Loopback;
}

/// <summary>Where a token's user PIN comes from when the appliance starts.</summary>
public enum PinOrigin
{
    /// <summary>A file in the home that the service alone can read, or a systemd credential: it starts by itself.</summary>
    File,

    /// <summary>A systemd credential and nothing else, which the system keeps sealed to this machine (systemd-creds): it starts by itself, on this machine.</summary>
    Sealed,

    /// <summary>Officers put it together: it starts locked.</summary>
    Quorum,
}

/// <summary>A PKCS#11 token that holds keys.</summary>
/// <param name="Name">Its name here; the keys it holds are known by it (<c>pkcs11:NAME</c>), so it stays.</param>
/// <param name="Kind">The folder in <c>hsm-config/</c> that knows this kind of token.</param>
/// <param name="Module">The module's path; empty: the first existing one that the kind names.</param>
/// <param name="Pin">Where its PIN comes from.</param>
/// <param name="PinFile">A file only the service may read; a systemd credential named <c>pkcs11-pin</c> goes first.</param>
/// <param name="MirrorOf">The name of the token whose keys it has too, to sign while that is away; empty: it is a token of its own.</param>
/// <param name="Sessions">Sessions at most; the token's own limit also holds.</param>
/// <param name="OfficerPinFile">Where the security officer's PIN of a token that the appliance itself made is kept.</param>
public sealed record TokenOptions(string Name, string Kind, string Module, string Label, PinOrigin Pin, string PinFile, string OfficerPinFile, int Sessions, TimeSpan CallDeadline, string MirrorOf = "");

/// <summary>The appliance's own TLS certificate.</summary>
public sealed record TlsOptions(TimeSpan RenewBefore, TimeSpan HandshakeTimeout);

/// <summary>What one client may take.</summary>
/// <param name="RequestsPerSecond">Per client (certificate, credential, or address) on average; 0 switches the limit off.</param>
/// <param name="Burst">Requests that a client may send at once.</param>
/// <param name="UnconfirmedRevocations">Certificates that one revocation may take without a confirmation of their number.</param>
/// <param name="GrantsPerHour">Grants by which one agent may make children in an hour.</param>
/// <param name="StatusPerSecond">OCSP requests per client address on average, twice as many at once; 0 switches the limit off.</param>
public sealed record LimitOptions(
    int RequestsPerSecond,
    int Burst,
    int StatusPerSecond,
    int Connections,
    int ConnectionsPerClient,
    int BodyBytes,
    TimeSpan HeaderTimeout,
    TimeSpan KeepAlive,
    int MinimumBytesPerSecond,
    int UnconfirmedRevocations,
    int GrantsPerHour);

public sealed record LogOptions(LogLevel Level, int MegabytesPerFile, int Files);

/// <summary>CRLs and OCSP answers.</summary>
/// <param name="CertificateListValidity">How long a complete CRL is good for.</param>
/// <param name="CertificateLists">What differs from one complete CRL, per CA.</param>
/// <param name="OcspValidity">How long an OCSP answer is good for.</param>
/// <param name="OcspResponderByName">Whether an answer names its responder by its name instead of by its key.</param>
public sealed record StatusOptions(
    TimeSpan CertificateListValidity, IReadOnlyDictionary<string, Authority.CertificateListSettings> CertificateLists, TimeSpan OcspValidity, bool OcspResponderByName);

/// <summary>The ledger.</summary>
/// <param name="CheckpointInterval">How often its head is signed while something changes.</param>
/// <param name="Publish">Whether everybody may read its tree and leaves: when what kind of thing was decided, not by whom nor about whom.</param>
/// <param name="WitnessInterval">How often at most a head gets its post-quantum signature and is shown to witnesses.</param>
/// <param name="Witnesses">Who cosigns its heads.</param>
/// <param name="Quorum">Serve only heads that so many of them have cosigned; 0: the newest, with the lines it has.</param>
public sealed record LedgerOptions(TimeSpan CheckpointInterval, bool Publish, TimeSpan WitnessInterval, IReadOnlyList<WitnessReference> Witnesses, int Quorum);

/// <summary>A witness that this appliance asks.</summary>
/// <param name="Url">Its submission prefix.</param>
/// <param name="Keys">What verifies its cosignatures, all of one name.</param>
public sealed record WitnessReference(Uri Url, IReadOnlyList<Ledger.Notes.NoteKey> Keys);

/// <summary>Who may read <c>/metrics</c>.</summary>
public enum MetricsAudience
{
    /// <summary>Clients on this machine only.</summary>
    Loopback,

    Everyone,
    Nobody,
}
