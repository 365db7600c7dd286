using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Cryptography;
using AgentPki.X509.Extensions;

namespace AgentPki.Authority.Profiles;

/// <summary>What a profile's certificates are for.</summary>
public enum ProfileUse
{
    /// <summary>Agents enrol for it; it carries a SPIFFE ID.</summary>
    Agent,

    /// <summary>The appliance's own TLS server certificate.</summary>
    TlsServer,

    /// <summary>The appliance's delegated OCSP responder (RFC 6960 §4.2.2.2).</summary>
    OcspResponder,

    /// <summary>The appliance's signer of CMS answers (RFC 5272).</summary>
    CmsSigner,

    /// <summary>The appliance's signer of the revocation feed.</summary>
    RevocationFeed,

    /// <summary>The appliance's signer of OAuth access tokens.</summary>
    AccessTokens,

    /// <summary>Somebody who administers the appliance: client certificates for the admin API.</summary>
    Administrator,
}

/// <summary>Where the subject name comes from.</summary>
public enum SubjectSource
{
    /// <summary>From the request, with the attribute types the profile allows.</summary>
    Request,

    /// <summary><c>CN={cn}</c> and fixed attributes, whatever else the request says.</summary>
    Template,

    /// <summary>No subject name at all; the names stand in a critical subjectAltName (RFC 5280 §4.1.2.6).</summary>
    Empty,
}

/// <summary>Rules for the subject name.</summary>
/// <param name="Template">RFC 4514, with <c>{cn}</c>; only for <see cref="SubjectSource.Template"/>.</param>
/// <param name="AllowedAttributes">OIDs of the attribute types a request may use.</param>
public sealed record SubjectRule(SubjectSource Source, string? Template, ImmutableArray<string> AllowedAttributes);

/// <summary>Whether a kind of name may be certified.</summary>
public enum NameLeave
{
    No,

    /// <summary>Where the requester has proven that it is his, as ACME's accounts do.</summary>
    Proven,

    Yes,
}

/// <summary>Rules for the alternative names beside the SPIFFE ID.</summary>
/// <param name="DnsPatterns">Globs by label (<c>*.agents.example</c>, <c>**</c>); empty: no DNS names.</param>
/// <param name="Wildcards">Whether <c>*.x</c> itself may be certified.</param>
/// <param name="MailPatterns">Globs over the whole address; empty: none.</param>
/// <param name="UriPatterns">Globs over whole URIs other than SPIFFE IDs; empty: none.</param>
/// <param name="Maximum">Names altogether, the SPIFFE ID included.</param>
/// <param name="Caa">The names are public ones: CAA records are heeded (RFC 8659).</param>
public sealed record NameRule(ImmutableArray<string> DnsPatterns, NameLeave Wildcards, NameLeave Addresses, ImmutableArray<string> MailPatterns, ImmutableArray<string> UriPatterns, int Maximum, bool Caa)
{
    /// <summary>The same rules for names that were proven.</summary>
    public NameRule ForProven() => this with { Wildcards = Proven(Wildcards), Addresses = Proven(Addresses) };

    private static NameLeave Proven(NameLeave leave) => leave == NameLeave.Proven ? NameLeave.Yes : leave;
}

/// <summary>What an agent's own certificate may enrol, apart from renewing itself.</summary>
public enum CertificateAuthentication
{
    /// <summary>Nothing; it may not renew with this profile either.</summary>
    None,

    /// <summary>Itself.</summary>
    Self,

    /// <summary>Itself, and agents that do not exist yet; they belong to its own owner.</summary>
    Spawn,
}

/// <summary>Whether a person must say yes.</summary>
public enum ApprovalRule
{
    None,

    /// <summary>For enrolments; a renewal of what was approved needs no second yes.</summary>
    Enrollment,

    Always,
}

/// <summary>Who may ask for a profile.</summary>
/// <param name="Stranger">Whoever did not authenticate; only together with an approval.</param>
/// <param name="Acme">Accounts of ACME, for names that they have proven.</param>
public sealed record AuthenticationRule(bool Credential, CertificateAuthentication Certificate, bool Stranger, ApprovalRule Approval, bool Acme);

/// <summary>Which pointers to status information a certificate carries.</summary>
/// <param name="NoRevocationAvailable">RFC 9608: none, and it says so.</param>
/// <param name="DeltaList">Where the delta CRL is found (RFC 5280 §4.2.1.15); only where the CA makes them.</param>
public sealed record StatusRule(bool CaIssuers, bool Ocsp, bool CertificateList, bool NoRevocationAvailable, bool DeltaList = false);

/// <summary>One kind of certificate this appliance issues: read from a file, checked, immutable.</summary>
public sealed record CertificateProfile
{
    /// <summary>1 to 64 of <c>[a-z0-9-]</c>.</summary>
    public required string Name { get; init; }

    public string Description { get; init; } = "";

    public ProfileUse Use { get; init; }

    /// <summary>The profile of requests without a label. One profile has it.</summary>
    public bool IsDefault { get; init; }

    /// <summary>EST labels and their likes that choose this profile.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>The CA that issues it (<see cref="Store.AuthorityRecord.Name"/>).</summary>
    public required string Issuer { get; init; }

    /// <summary>Subject keys that are taken, single or in pairs; the first is what csrattrs recommends.</summary>
    public required ImmutableArray<KeyKind> Keys
    {
        get;
        init
        {
            field = value;
            KeyAlgorithms = [.. value.Where(k => !k.IsCatalyst).Select(k => k.Key)];
        }
    }

    /// <summary>Those of <see cref="Keys"/> that are one key, in their order; the first is what serverkeygen makes by default. Empty where only pairs are taken.</summary>
    public ImmutableArray<KeyAlgorithm> KeyAlgorithms { get; private init; } = [];

    /// <summary>The signature over the certificate; null: the issuing CA's own choice.</summary>
    public SignatureAlgorithm? Signature { get; init; }

    public required SubjectRule Subject { get; init; }

    public required NameRule Names { get; init; }

    /// <summary>How the SPIFFE ID comes about; null for the appliance's own certificates.</summary>
    public AgentPathRule? AgentPath { get; init; }

    /// <summary>From now on; shortened to the issuer's own end.</summary>
    public required TimeSpan Validity { get; init; }

    /// <summary>How far notBefore lies before now, for clocks that are slow.</summary>
    public TimeSpan Backdate { get; init; } = TimeSpan.FromMinutes(5);

    public required KeyUsages KeyUsage { get; init; }

    public ImmutableArray<string> ExtendedKeyUsage { get; init; } = [];

    public ImmutableArray<string> Policies { get; init; } = [];

    public required StatusRule Status { get; init; }

    public required AuthenticationRule Authentication { get; init; }

    public bool ServerKeyGeneration { get; init; }

    /// <summary>Whether a request may name a related certificate, which the new one then names too (RFC 9763).</summary>
    public bool RelatedCertificates { get; init; }

    /// <summary>How long before its end a certificate may be renewed; null: at any time.</summary>
    public TimeSpan? RenewalWindow { get; init; }

    /// <summary>The file it came from, for messages.</summary>
    public string Source { get; init; } = "";
}
