using System.Globalization;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Home;

/// <summary>The configuration that the first <c>up</c> or <c>ceremony</c> writes: every field that people change, with its meaning.</summary>
public static class DefaultConfiguration
{
    /// <summary>The trust domain of a development home unless <c>--trust-domain</c> says otherwise (RFC 6761 reserves <c>.localhost</c>).</summary>
    public const string TrustDomain = "agents.localhost";

    /// <summary>What <c>init</c> writes: nothing of it is for development, and every value that is left out has a default that the operator's manual lists.</summary>
    internal static string Production(NewHome wanted) => $"""
        # The appliance's configuration. Paths are relative to this folder. docs/operator-manual.md has every field; what is left out has its default.
        name: "{wanted.Name}"

        # The SPIFFE trust domain of every agent: spiffe://{wanted.TrustDomain}/...
        trustDomain: {wanted.TrustDomain}

        # Where certificates send relying parties for CA certificates, CRL and OCSP. It stands in every certificate: not to be changed later.
        publicUrl: {wanted.PublicUrl}

        listen:
          bind: 127.0.0.1
          httpsPort: 8443   # EST, ACME (/acme/directory)
          httpPort: 8080    # AIA, CRL, OCSP, /healthz, /readyz
          names: []         # names of the TLS certificate, besides localhost and 127.0.0.1

        # The PKCS#11 tokens, in order of preference: a key is made in the first that has its algorithm.
        tokens:
          - kind: {wanted.TokenKind}    # a folder in hsm-config/
            module: "{wanted.Module}"
            label: "{wanted.Label}"
            pinFile: secrets/pin        # who opens it at start, by 'pin:': file (a file or credential), sealed (a sealed credential), quorum (officers)

        """;

    /// <param name="profile">What <c>up --profile</c> was asked for.</param>
    /// <param name="latticeModule">The module of a second token, which has ML-DSA; null: there is none.</param>
    /// <remarks>Ports and address of this first start are written down, so that the next start needs no variables.</remarks>
    public static string Development(string name, string trustDomain, string profile, string? latticeModule, Func<string, string?> variable)
    {
        string Value(string key, string fallback) => variable(key) is { Length: > 0 } value ? value : fallback;
        var tokens = Tokens(latticeModule);
        return string.Create(CultureInfo.InvariantCulture, $"""
            # The appliance's configuration. Paths are relative to this folder. Each value below is the default unless it says otherwise;
            # AGENTPKI_HTTPS_PORT, AGENTPKI_HTTP_PORT, AGENTPKI_BIND, AGENTPKI_PUBLIC_URL and AGENTPKI_LOG_LEVEL go before this file.
            name: {name}

            # Made by `agentpki up`: development ceremony, reusable enrolment token. `agentpki serve` refuses it without --dev.
            development: true

            # The kind of keys that this home's CAs were made with (`agentpki up --profile`). Not to be changed: CAs keep their keys.
            profile: {profile}

            # The SPIFFE trust domain of every agent: spiffe://{trustDomain}/...
            trustDomain: {trustDomain}

            # Where certificates send relying parties for CA certificates, CRL and OCSP (default: http://localhost:<httpPort>).
            # publicUrl: http://pki.example.org

            # The extension that says what an agent may do at most (docs/agent-policy.md); an arc of your own, before the first agent has a policy.
            # agentPolicyOid: 1.3.6.1.4.1.32473.7.1

            listen:
              bind: {Value(ConfigurationReader.BindVariable, "127.0.0.1")}
              httpsPort: {Value(ConfigurationReader.HttpsPortVariable, "8443")}   # EST, ACME (/acme/directory)
              httpPort: {Value(ConfigurationReader.HttpPortVariable, "8080")}    # AIA, CRL, OCSP, /healthz, /readyz
              names: []        # further names of the TLS certificate, besides localhost and 127.0.0.1
              # adminPort: 8444   # TLS for administrators with their certificates (docs/roles.md); adminBind: 127.0.0.1
              # Proxies that end TLS and send RFC 9440's Client-Cert (packaging/haproxy). Whoever is named here can claim any identity.
              # trustedProxies: [192.0.2.10/32]
              # proxySocket: /run/agentpki-proxy/est.sock   # a Unix socket for one on this machine; its folder closed to others

            {tokens}

            tls:
              renewBefore: 10d
              handshakeTimeout: 10s

            limits:
              requestsPerSecond: 0     # enrolments per client; 0 is no limit. Default 100: here off, since every client is this machine
              burst: 400
              statusPerSecond: 0       # OCSP requests per client; default 1000
              connections: 4096
              connectionsPerClient: 4096   # default 512
              bodyBytes: 262144
              headerTimeout: 10s
              keepAlive: 75s
              minimumBytesPerSecond: 240
              unconfirmedRevocations: 100   # certificates that one revocation takes without asking for their number
              grantsPerHour: 120       # grants by which one agent makes children (docs/delegation.md)

            log:
              level: information
              megabytesPerFile: 16
              files: 5

            metrics: loopback  # who may read /metrics: loopback, everyone, nobody

            # governance:
            #   fourEyes: true         # what is dangerous wants a second person here too; outside of development always
            #   requestLifetime: 3d    # how long it waits for him

            ledger:
              checkpointInterval: 1s   # how soon after a decision the ledger's head is signed
              publish: false           # true: everybody may read its tree and leaves (/log/..., C2SP tlog-tiles): when what kind of thing was decided, not about whom
              # witnessInterval: 1m    # how often a head gets its ML-DSA signature and is shown to witnesses
              # witnesses:             # who cosigns the ledger's heads ('agentpki witness init' makes one)
              #   - url: http://witness.example.org:8090
              #     keys: [witness.example.org/w1+…]   # as 'agentpki witness show' prints them
              # quorum: 0              # serve only heads that so many of them have cosigned

            # decisions:                 # yes or no to single actions of agents (AuthZEN, docs/decisions.md); policies lie in policies/
            #   callers: [/guard/**]     # SPIFFE paths of the services that may ask
            #   receipts: es256          # the kind of key that signs receipts: es256, ml-dsa-44, ml-dsa-65, ml-dsa-87; none
            #   receiptLifetime: 30s     # how long an answer permits what it permits
            #   anchorInterval: 1s       # how soon decisions are anchored in the ledger
            #   durable: true            # false: a record is with the operating system, not on the disk, when its decision is answered

            crl:
              validity: 24h      # a complete CRL's; new ones are signed after half of it, and after every revocation
              # authorities:     # what differs from one complete CRL for each CA
              #   - name: issuing
              #     shards: 16   # CRLs that new certificates are spread over; what is issued keeps its own
              #     delta: 1h    # validity of delta CRLs
              #     expiredSince: 2026-01-01   # keep what ended since then (expiredCertsOnCRL)

            ocsp:
              validity: 15m      # whoever keeps an answer may believe it for so long after a revocation
              responderId: key   # key, name

            revocations:               # the feed that relying parties follow (docs/revocation-feed.md)
              heartbeat: 5s
              subscribers: 20000
              subscribersPerAddress: 4096   # default 100
              keptFor: 7d              # older than that, and a follower takes the snapshot

            spiffe:                    # the Workload API for processes of this machine (docs/spiffe.md); without this section there is none
              socket: workload.sock    # SPIFFE_ENDPOINT_SOCKET=unix://…
              access: owner            # who may connect: owner, group, everyone; who gets an identity there, entries.yaml says
              entries: spiffe/entries.yaml
              callsPerUser: 1000

            # backup:                  # docs/recovery.md. The officers who open backups: officers/NAME.officer
            #   quorum: 2              # so many of them are needed
            #   folder: backups
            #   warnAfter: 1d          # doctor warns when the newest is older
            #   ship:
            #     folder: /mnt/elsewhere   # every commit, within a second, encrypted
            #     interval: 1s

            oauth:
              enabled: true            # access tokens for agents, bound to their certificates (docs/oauth.md). Default false
              # issuer: https://pki.example.org:8443   # default: https://localhost with httpsPort
              tokenLifetime: 5m
              # spiffeJwt: false       # JWT-SVIDs authenticate nobody: they are not good once, as assertions by a key are
              # resources:             # where tokens are used, beside this server itself
              #   - uri: https://tools.example.org
              #   - uri: https://mcp.example.org/mcp
              #     mtls: false        # knows no mTLS: its tokens work in any hands

            acme:
              # baseUrl: https://pki.example.org   # the one address of ACME, where a proxy stands before it. Default: the host that a client names
              externalAccountRequired: false   # true: new accounts need a key from `agentpki acme eab new`
              authorizationLifetime: 1h        # how long a proven name may be ordered again without proof
              # caaIdentities: [pki.example.org]   # look at CAA records, and take these names for this CA
              # attestation, authorityTokens: devices and authorities whose word is taken for SPIFFE IDs (docs/acme.md)
              validation:
                allow: []      # networks of your own whose names may be proven; the public Internet is allowed
                # resolvers: [192.0.2.53]   # default: those of /etc/resolv.conf
                # In development names under .test are this machine: AGENTPKI_ACME_HTTP01_PORT, AGENTPKI_ACME_TLSALPN_PORT, AGENTPKI_ACME_RESOLVER say where.

            """);
    }

    /// <summary>The entries that a development home starts with: the developer himself.</summary>
    internal static string Entries(uint user) => string.Create(CultureInfo.InvariantCulture, $"""
        # Which processes of this machine are which agents (docs/spiffe.md). Read again whenever it changes; 'agentpki spiffe entries show' checks it.
        entries:
          - name: developer            # the ledger names the entry by it
            id: /agent/developer       # the path of the SPIFFE ID
            owner: development
            selectors: [unix:uid:{user}]
            # profile: workload        # a profile with authentication: workload: true
            # ttl: 1h                  # at most the profile's validity
            # dns: [localhost]
            # hint: development

        """);

    private static string Tokens(string? latticeModule) =>
        """
        # The PKCS#11 tokens, in order of preference: a key is made in the first that has its algorithm.
        tokens:
          - kind: softhsm    # a folder in hsm-config/
            label: agentpki
            pinFile: secrets/pin
            sessions: 8
            callDeadline: 5s
        """ + (latticeModule is null ? "" : $"""

          - kind: nss        # has ML-DSA and ML-KEM (PKCS#11 3.2)
            module: {latticeModule}
            label: NSS Certificate DB
            pinFile: secrets/pin-nss
        """);
}

/// <summary>What a new appliance is told.</summary>
/// <param name="TokenKind">A folder in hsm-config/.</param>
/// <param name="Module">Empty: as hsm-config finds it.</param>
internal sealed record NewHome(string Name, string TrustDomain, string PublicUrl, string TokenKind, string Module, string Label);
