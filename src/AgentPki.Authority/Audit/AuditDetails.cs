using System.Collections.Immutable;

namespace AgentPki.Authority.Audit;

/// <summary>The fixed keys of <see cref="Ledger.LedgerEntry.Details"/>. One meaning each, in every kind of entry; never a secret.</summary>
public static class AuditDetails
{
    public const string Administrator = "administrator";
    public const string NotBefore = "notBefore";
    public const string Adjustment = "adjustment";
    public const string Scopes = "scopes";
    public const string Root = "root";
    public const string Records = "records";
    public const string First = "first";
    public const string Node = "node";
    public const string Agent = "agent";
    public const string AlternativeKeyLabel = "key.alternative.label";
    public const string AlternativeKeySha256 = "key.alternative.sha256";
    public const string Approval = "approval";
    public const string Audience = "audience";
    public const string Authentication = "authentication";
    public const string Authority = "authority";
    public const string BlockedKeys = "keys.blocked";
    public const string Campaign = "campaign";
    public const string Ceremony = "ceremony";
    public const string Changed = "changed";
    public const string CertificateCount = "certificates";
    public const string CertificateSha256 = "certificate.sha256";
    public const string CertificateListBase = "crl.base";
    public const string CertificateListNumber = "crl.number";
    public const string CertificateListSha256 = "crl.sha256";
    public const string CertificateListShard = "crl.shard";
    public const string Comment = "comment";
    public const string Correlation = "correlation";
    public const string Credential = "credential";
    public const string Decision = "decision";
    public const string Depth = "depth";
    public const string Detector = "detector";
    public const string Digest = "digest";
    public const string File = "file";
    public const string From = "from";
    public const string Grant = "grant";
    public const string HeadSha256 = "head.sha256";
    public const string Incident = "incident";
    public const string KeyAlgorithm = "key.algorithm";
    public const string KeyLabel = "key.label";
    public const string KeyProtection = "key.protection";
    public const string KeyPurpose = "key.purpose";
    public const string KeySha256 = "key.sha256";
    public const string MinutesSha256 = "minutes.sha256";
    public const string NotAfter = "notAfter";
    public const string Officers = "officers";
    public const string Operation = "operation";
    public const string Owner = "owner";
    public const string Parent = "parent";
    public const string PlanSha256 = "plan.sha256";
    public const string PolicySha256 = "policy.sha256";
    public const string Problem = "problem";
    public const string Profile = "profile";
    public const string Protocol = "protocol";
    public const string Reason = "reason";
    public const string Quorum = "quorum";
    public const string RelatedSha256 = "related.sha256";
    public const string Renews = "renews";
    public const string Request = "request";
    public const string RequestSha256 = "request.sha256";
    public const string Response = "response";
    public const string Roles = "roles";
    public const string Scope = "scope";
    public const string Serial = "serial";
    public const string Agents = "agents";
    public const string Share = "share";
    public const string State = "state";
    public const string Successor = "successor";
    public const string Target = "target";
    public const string Subject = "subject";
    public const string Tier = "tier";
    public const string To = "to";
    public const string Token = "token";
    public const string Total = "total";

    private const int MaximumLength = 512;

    private static readonly ImmutableSortedDictionary<string, string> Empty = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Details in ordinal order; pairs with a null value are left out, long values cut at 512 characters.</summary>
    public static ImmutableSortedDictionary<string, string> Of(params ReadOnlySpan<(string Key, string? Value)> pairs)
    {
        var builder = Empty.ToBuilder();
        foreach (var (key, value) in pairs)
        {
            if (value is not null)
            {
                builder[key] = value.Length <= MaximumLength ? value : value[..MaximumLength];
            }
        }

        return builder.ToImmutable();
    }

    /// <summary>Octets as the ledger writes them: lower-case hexadecimal.</summary>
    public static string Hex(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(octets);

    /// <summary>Instants as the ledger writes them: UTC, seconds.</summary>
    public static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
