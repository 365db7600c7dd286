namespace AgentPki.Cryptography;

/// <summary>What a key may sign. One key has one purpose for its whole life (invariant 1 of the design).</summary>
public enum KeyPurpose
{
    /// <summary>Certificates and CRLs, through the issuance path only.</summary>
    CertificateAuthority,

    /// <summary>OCSP responses (RFC 6960 §4.2.2.2, delegated responder).</summary>
    OcspResponder,

    /// <summary>Ledger checkpoints (C2SP tlog-checkpoint).</summary>
    LedgerCheckpoint,

    /// <summary>Cosignatures of a witness over other logs' checkpoints (C2SP tlog-cosignature).</summary>
    WitnessCosignature,

    /// <summary>The appliance's own TLS server certificate.</summary>
    TlsServer,

    /// <summary>CMS responses of the appliance acting as registration authority (RFC 5272).</summary>
    CmsSigner,

    /// <summary>Statements of the revocation feed (docs/revocation-feed.md).</summary>
    RevocationFeed,

    /// <summary>OAuth access tokens (RFC 9068).</summary>
    AccessTokens,

    /// <summary>Receipts of decisions (docs/decisions.md).</summary>
    DecisionReceipt,

    /// <summary>A key made on behalf of a subject (EST serverkeygen, RFC 7030 §4.4), or for an officer's file. Not kept.</summary>
    Subject,

    /// <summary>One half of a composite key: signs as that half and nothing else (<see cref="SignatureAlgorithm.HalfOf"/>).</summary>
    CompositeHalf,

    /// <summary>Receives secrets (ML-KEM, ECDH) and signs nothing.</summary>
    KeyEstablishment,

    /// <summary>Time stamps (RFC 3161 §2.3).</summary>
    TimeStamping,

    /// <summary>Statements of a crypto officer: approvals of a ceremony's plan and steps, the end of a ceremony, a new epoch.</summary>
    OfficerStatement,

    /// <summary>The records of one ceremony, from its beginning to its end.</summary>
    CeremonyTranscript,

    /// <summary>Unwraps a key that comes out of another token, and nothing else (<see cref="KeyBackup.Wrapped"/>).</summary>
    KeyTransport,

    /// <summary>The doctor's and the health check's own probe.</summary>
    Probe,
}
