namespace AgentPki.Server.Home;

/// <summary>The one folder that holds an appliance's whole state, and what lies where in it.</summary>
/// <remarks>
/// The folder and everything in it belong to the service's user alone (mode 0700, files 0600); only certificates are public, and
/// those are also served. Any number of homes stand side by side; one process at a time works on one of them (<see cref="HomeLock"/>).
/// </remarks>
/// <param name="Root">The absolute path of the folder.</param>
public sealed record ApplianceHome(string Root)
{
    public string ConfigurationFile => In("agentpki.yaml");

    /// <summary>Profiles, one file each; written once with defaults, then the operator's.</summary>
    public string Profiles => In("profiles");

    /// <summary>Who may register agents, and what is asked of them; usually absent (docs/registry.md).</summary>
    public string RegistryRules => In("registry.yaml");

    /// <summary>How agents are watched, and what is done when they behave unusually; usually absent (docs/watching.md).</summary>
    public string WatchRules => In("watch.yaml");

    /// <summary>What was learnt of agents' behaviour: may be deleted, and is learnt anew then.</summary>
    public string BehaviourMemory => In("data", "behaviour.bin");

    /// <summary>Policies that decide actions, and their tests: the operator's. Without any nothing is permitted.</summary>
    public string Policies => In("policies");

    /// <summary>The log of decisions of this node: files that are appended to. They may be moved away when they are closed.</summary>
    public string Decisions => In("decisions");

    public string Database => In("data", "agentpki.db");

    /// <summary>SoftHSM's object store and configuration; a hardware token leaves it empty.</summary>
    public string TokenStore => In("tokens");

    public string TokenConfiguration => In("softhsm2.conf");

    /// <summary>Keys of algorithms that no token has, each encrypted under a key of a token.</summary>
    public string WrappedKeys => In("wrapped-keys");

    public string UserPin => In("secrets", "pin");

    public string OfficerPin => In("secrets", "so-pin");

    /// <summary>A PIN that is shared among the officers; each share in an envelope, so that the file is no secret.</summary>
    /// <param name="token">Null: the first token.</param>
    public string SealedPin(bool securityOfficer, string? token) => In("secrets", $"{(securityOfficer ? "so-pin" : "pin")}{(token is null ? "" : $"-{token}")}.sealed.json");

    /// <summary>Each officer's file (<c>NAME.officer</c>): public.</summary>
    public string Officers => In("officers");

    /// <summary>Who decides, and how many of them: public.</summary>
    public string Roster => In("officers", "roster.json");

    /// <summary>The evidence of ceremonies, a folder each by its id. Public, and to be copied away.</summary>
    public string Ceremonies => In("ceremonies");

    /// <summary>Keys that were wrapped for another token, to be carried there and deleted here.</summary>
    public string Transport => In("transport");

    /// <summary>The key of a ceremony's transcript, while it may be resumed.</summary>
    public string TranscriptKey(string ceremony) => In("secrets", $"transcript-{ceremony}.key");

    /// <summary>The root's certificate; after it, in homes that have one, that of the CA for TLS.</summary>
    public string RootCertificate => In("anchors", "root.pem");

    /// <summary>The issuing CA's certificate and then the root's.</summary>
    public string ChainCertificates => In("anchors", "chain.pem");

    /// <summary>The operator's: CAs of others whose certificates may be named as related ones (RFC 9763); usually absent.</summary>
    public string RelatedAuthorities => In("anchors", "related.pem");

    /// <summary>The public key that verifies the ledger's checkpoints; an auditor keeps a copy elsewhere.</summary>
    public string LedgerKey => In("anchors", "ledger.pem");

    /// <summary>The ML-DSA-44 key that signs checkpoints beside it, in homes that have one.</summary>
    public string SecondLedgerKey => In("anchors", "ledger-ml-dsa-44.pem");

    /// <summary>All that verifies the ledger's checkpoints.</summary>
    public IReadOnlyList<string> LedgerKeys => [LedgerKey, SecondLedgerKey];

    /// <summary>The TLS key, encrypted under a key of the token.</summary>
    public string TlsKey => In("tls", "server.key.wrapped");

    /// <summary>The TLS certificate and the issuing CA's.</summary>
    public string TlsCertificate => In("tls", "server.pem");

    /// <summary>The same of the certificate for clients that can verify ML-DSA; only in homes that have one.</summary>
    public string PostQuantumTlsKey => In("tls", "server-ml-dsa.key.wrapped");

    public string PostQuantumTlsCertificate => In("tls", "server-ml-dsa.pem");

    /// <summary>Development only: one line <c>name:secret</c> that enrols at EST any number of times.</summary>
    public string DevelopmentToken => In("dev", "enroll-token");

    public string SampleKey => In("dev", "agent.key");

    /// <summary>The second key of a sample agent that has a pair.</summary>
    public string SampleAlternativeKey => In("dev", "agent-alternative.key");

    public string SampleCertificate => In("dev", "agent.pem");

    public string LogFile => In("log", "agentpki.log");

    /// <summary>Every signed checkpoint of the ledger as text, outside of the database: tells a database that was set back; copy it away.</summary>
    public string Checkpoints => In("checkpoints", "ledger.txt");

    /// <summary>The CRLs that are served: files that can be copied and made anew at any time.</summary>
    public string CertificateLists => In("crl");

    /// <summary>Which processes of this machine are which agents, unless the configuration names another file.</summary>
    public string WorkloadEntries => In("spiffe", "entries.yaml");

    /// <summary>The newest bundles of foreign trust domains.</summary>
    public string ForeignBundles => In("spiffe", "bundles");

    public string AdminSocket => In("admin.sock");

    public string LockFile => In(".lock");

    /// <summary>Whether a configuration was written here: the first thing that <c>up</c> leaves behind for good.</summary>
    public bool Exists => File.Exists(ConfigurationFile);

    /// <summary>A path as a person would type it: relative to <paramref name="workingFolder"/> when it lies below it.</summary>
    public static string Display(string path, string workingFolder)
    {
        var relative = Path.GetRelativePath(workingFolder, path);
        var isElsewhere = relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) || workingFolder == "/";
        return isElsewhere ? path : relative;
    }

    /// <summary>Resolves a path of the configuration: relative ones are relative to the home.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Root);

    private string In(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);
}
