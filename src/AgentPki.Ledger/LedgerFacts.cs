using System.Collections.Immutable;
using System.Security.Cryptography;

namespace AgentPki.Ledger;

/// <summary>
/// Names of the facts that the verifier reads. Everything else in an entry's details is for people; these tie entries to records
/// and must be spelled so.
/// </summary>
public static class LedgerFacts
{
    /// <summary>Name of the issuing CA.</summary>
    public const string Authority = "authority";

    /// <summary>The serialNumber's content octets, lower-case hexadecimal.</summary>
    public const string Serial = "serial";

    /// <summary>In <see cref="LedgerEntryKind.CertificateRevoked"/> and <see cref="LedgerEntryKind.CertificateReleased"/> of a set: which certificates were meant.</summary>
    public const string Selector = "selector";

    /// <summary>In <see cref="LedgerEntryKind.CertificateRevoked"/>: why.</summary>
    public const string Reason = "reason";

    /// <summary>The <see cref="Reason"/> of a hold, which later entries may change.</summary>
    public const string Held = "CertificateHold";

    /// <summary>
    /// With <see cref="Selector"/>: which they were, SHA-256 over the lines "authority serial-in-hex\n" in ordinal order, lower-case hexadecimal; empty when there were none.
    /// </summary>
    public const string SetDigest = "digest";

    /// <summary>SHA-256 of the DER certificate, lower-case hexadecimal.</summary>
    public const string CertificateSha256 = "certificate.sha256";

    /// <summary>In <see cref="LedgerEntryKind.DelegationGranted"/>: SHA-256 of the grant, lower-case hexadecimal.</summary>
    public const string GrantSha256 = "grant.sha256";

    /// <summary>In <see cref="LedgerEntryKind.DetailsErased"/>: the index of the leaf, decimal.</summary>
    public const string Leaf = "leaf";

    /// <summary>In <see cref="LedgerEntryKind.EpochStarted"/>, from the second epoch on: leaves of the last head known before.</summary>
    public const string PreviousSize = "previous.size";

    /// <summary>In <see cref="LedgerEntryKind.EpochStarted"/>, from the second epoch on: root of that head, base64.</summary>
    public const string PreviousRoot = "previous.root";

    /// <summary>
    /// The facts that every request with a <c>StoreChange.AddCertificate</c> must carry in its entry: the verifier holds record and entry
    /// against each other. One certificate a request.
    /// </summary>
    public static ImmutableSortedDictionary<string, string> OfCertificate(string authority, ReadOnlySpan<byte> serial, ReadOnlySpan<byte> der) =>
        OfSerial(authority, serial).Add(CertificateSha256, Convert.ToHexStringLower(SHA256.HashData(der)));

    /// <summary>The facts that name a certificate, for example in <see cref="LedgerEntryKind.CertificateRevoked"/>.</summary>
    public static ImmutableSortedDictionary<string, string> OfSerial(string authority, ReadOnlySpan<byte> serial) =>
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(Authority, authority).Add(Serial, Convert.ToHexStringLower(serial));
}
