using AgentPki.Cryptography;

namespace AgentPki.Authority.Store;

/// <summary>RFC 5280 §5.3.1 CRLReason. The numbers are the wire's.</summary>
public enum RevocationReason : byte
{
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

/// <summary>A certification authority of this appliance.</summary>
/// <param name="Name">Unique, stable, for example <c>root</c> or <c>issuing</c>; used in configuration and URLs.</param>
/// <param name="Issuer">The name of the CA that issued it; its own name for a root.</param>
/// <param name="Der">Its DER certificate.</param>
/// <param name="Alternative">Its second key (X.509 (2019) §9.8), whose public half its certificate carries; null when it signs once.</param>
public sealed record AuthorityRecord(string Name, string Issuer, KeyReference Key, SignatureAlgorithm Signature, byte[] Der, DateTimeOffset Created, AlternativeAuthorityKey? Alternative = null);

/// <summary>The second key of a certification authority, and what it signs with.</summary>
public sealed record AlternativeAuthorityKey(KeyReference Key, SignatureAlgorithm Signature);

/// <summary>A certificate as it was signed, with what is searched for.</summary>
/// <param name="Authority">The issuing CA's <see cref="AuthorityRecord.Name"/>.</param>
/// <param name="Serial">The serialNumber's content octets: big-endian two's complement, minimal, positive, at most 20.</param>
/// <param name="AgentId">The SPIFFE ID it was issued to; null for the appliance's own certificates.</param>
/// <param name="KeyFingerprint">SHA-256 of the SubjectPublicKeyInfo.</param>
/// <param name="Requester">Who asked, as in <see cref="Ledger.LedgerEntry.Actor"/>.</param>
/// <param name="KeyAlgorithm">The subject's kind of key, which campaigns select by; null: one that this build does not know.</param>
/// <param name="Shard">Which of its CA's CRLs lists it when it is revoked; fixed at issuance.</param>
/// <param name="AlternativeKeyFingerprint">SHA-256 of its second key's SubjectPublicKeyInfo (X.509 (2019) §9.8); null: it has one key.</param>
public sealed record CertificateRecord(
    string Authority,
    byte[] Serial,
    byte[] Der,
    string Profile,
    string? AgentId,
    byte[] KeyFingerprint,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    DateTimeOffset Issued,
    string Requester,
    KeyAlgorithm? KeyAlgorithm = null,
    int Shard = 0,
    byte[]? AlternativeKeyFingerprint = null);

/// <summary>What the one truth says of a certificate now.</summary>
public abstract record CertificateStatus
{
    private CertificateStatus()
    {
    }

    public sealed record Good : CertificateStatus;

    /// <param name="Epoch">The revocation epoch (commit sequence) that revoked it.</param>
    public sealed record Revoked(DateTimeOffset Time, RevocationReason Reason, long Epoch) : CertificateStatus;
}

/// <summary>A certificate with its status.</summary>
public sealed record StoredCertificate(CertificateRecord Certificate, CertificateStatus Status);

/// <summary>One line of a CRL.</summary>
/// <param name="InvalidSince">RFC 5280 §5.3.2 invalidityDate; null: unknown.</param>
public sealed record RevokedEntry(byte[] Serial, DateTimeOffset Time, RevocationReason Reason, DateTimeOffset? InvalidSince = null);

public enum RevocationEventKind : byte
{
    /// <summary>Revoked, or held where the reason is <see cref="RevocationReason.CertificateHold"/>.</summary>
    Revoked = 0,

    /// <summary>Held no more.</summary>
    Released = 1,
}

/// <summary>One committed revocation, however many certificates it took.</summary>
/// <param name="Epoch">Its number: rising by one, without gaps.</param>
/// <param name="Selector">What was selected, as <see cref="RevocationSelector.ToString"/>; empty: events of earlier builds.</param>
public sealed record RevocationEvent(long Epoch, RevocationEventKind Kind, RevocationReason Reason, DateTimeOffset Time, long Count, string Selector, long LeafIndex);

/// <summary>A certificate by issuer and serial number.</summary>
public sealed record RevokedMember(string Authority, byte[] Serial);

/// <summary>What is known of a public key.</summary>
/// <param name="AgentId">The agent it is bound to; null: none.</param>
/// <param name="Blocked">Why it is not certified again; null: it may be.</param>
public sealed record KeyBinding(string? AgentId, RevocationReason? Blocked);

/// <summary>A number of certificates under one name.</summary>
public sealed record SelectionCount(string Name, long Certificates);

/// <summary>What a selector would take now.</summary>
/// <param name="Certificates">How many certificates would change their status.</param>
/// <param name="Agents">How many agents they belong to.</param>
/// <param name="AgentsLeftWithout">How many of those would be left without any good certificate.</param>
/// <param name="ByAuthority">Per CA, most first; so of the next two. At most twenty each.</param>
/// <param name="Sample">The newest of them.</param>
/// <param name="Spared">The appliance's own certificates that meet the conditions and are left alone.</param>
public sealed record SelectionPreview(
    long Certificates,
    long Agents,
    long AgentsLeftWithout,
    IReadOnlyList<SelectionCount> ByAuthority,
    IReadOnlyList<SelectionCount> ByProfile,
    IReadOnlyList<SelectionCount> ByOwner,
    IReadOnlyList<StoredCertificate> Sample,
    IReadOnlyList<StoredCertificate> Spared);

/// <summary>A signed CRL; its octets are a file.</summary>
/// <param name="Shard">Which of its CA's certificates it is about (<see cref="CertificateRecord.Shard"/>).</param>
/// <param name="Number">RFC 5280 §5.2.3 cRLNumber, rising within the shard.</param>
/// <param name="BaseNumber">The complete CRL to which it is the difference (§5.2.4); null: it is a complete one.</param>
/// <param name="Epoch">The revocation epoch it contains everything up to.</param>
/// <param name="Sha256">Of its DER.</param>
/// <param name="Length">Octets of its DER.</param>
public sealed record CertificateListRecord(
    string Authority, int Shard, long Number, long? BaseNumber, long Epoch, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, byte[] Sha256, long Length);

/// <summary>A secret that lets somebody enrol (HTTP Basic at EST). The secret itself is never stored.</summary>
/// <param name="Name">Public part, the Basic user name; 1 to 64 of <c>[A-Za-z0-9._-]</c>.</param>
/// <param name="SecretHash">SHA-256 of the secret's UTF-8 octets; secrets are 256 random bits, made by the appliance.</param>
/// <param name="Owner">Who answers for the agents enrolled with it.</param>
/// <param name="Profiles">Profiles it may be used for; empty: every profile that takes credentials.</param>
/// <param name="SubjectPattern">Glob over the SPIFFE ID's path (<c>/team-a/*</c>); null: any.</param>
/// <param name="MaxUses">Null: any number of times (development, or where policy says so).</param>
public sealed record EnrollmentCredential(
    string Name,
    byte[] SecretHash,
    string Owner,
    IReadOnlyList<string> Profiles,
    string? SubjectPattern,
    int? MaxUses,
    int Uses,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    DateTimeOffset? Revoked);

public enum ApprovalState : byte
{
    Pending = 0,
    Approved = 1,
    Denied = 2,
    Issued = 3,
    Expired = 4,
}

/// <summary>A parked enrolment (EST 202). A client that posts the same request again finds it by <see cref="RequestHash"/>.</summary>
/// <param name="Id">Random, 128 bits, hex.</param>
/// <param name="RequestHash">SHA-256 over profile name, requester and the DER request.</param>
/// <param name="Request">The DER PKCS#10 request.</param>
public sealed record ApprovalRecord(
    string Id,
    byte[] RequestHash,
    byte[] Request,
    string Profile,
    string Requester,
    string Summary,
    ApprovalState State,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    string? DecidedBy,
    DateTimeOffset? Decided);
