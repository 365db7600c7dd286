using System.Text.Json.Serialization;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

/// <summary>A new external account key (RFC 8555 §7.3.4).</summary>
/// <param name="Owner">Who answers for what its accounts enrol.</param>
/// <param name="Id">The kid; null: one is made.</param>
/// <param name="Names">Globs of the names that its accounts may order: of SPIFFE paths (with <c>/</c> at their start), for which the key is the authorization too, else of DNS names, addresses and devices; null or empty: whatever the profile allows and the client proves.</param>
/// <param name="Profiles">Null or empty: every profile that takes ACME.</param>
/// <param name="MaxAccounts">How many accounts it makes; 0: any number.</param>
/// <param name="Lifetime">Seconds.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateAcmeKeyCommand(
    string Owner, string? Id = null, IReadOnlyList<string>? Names = null, IReadOnlyList<string>? Profiles = null, int MaxAccounts = 1, long Lifetime = 86400);

/// <param name="MaxAccounts">Null: any number.</param>
public sealed record AcmeKeyView(
    string Id,
    string Owner,
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Profiles,
    int? MaxAccounts,
    int Accounts,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    DateTimeOffset? Revoked);

public sealed record AcmeKeysView(IReadOnlyList<AcmeKeyView> Keys);

/// <summary>A new external account key. The secret is shown here, once; the appliance keeps it wrapped under a key of its token.</summary>
/// <param name="Secret">The MAC key, base64url.</param>
/// <param name="Directory">The URL that clients are given with it.</param>
public sealed record CreatedAcmeKeyView(AcmeKeyView Key, string Secret, string Directory)
{
    /// <summary>The id alone (invariant 8).</summary>
    public override string ToString() => $"CreatedAcmeKeyView {Key.Id}";
}

public sealed record AcmeKeyRevokedView(string Id);

/// <summary>An ACME account.</summary>
/// <param name="Thumbprint">RFC 7638, base64url.</param>
/// <param name="ExternalKey">The external account key that vouched for it; null: none did.</param>
public sealed record AcmeAccountView(string Id, string Owner, AcmeAccountState State, IReadOnlyList<string> Contacts, string Thumbprint, string? ExternalKey, DateTimeOffset Created);

public sealed record AcmeAccountsView(IReadOnlyList<AcmeAccountView> Accounts);

/// <summary>A new incident: certificates issued until now are to be renewed before their time (RFC 9773).</summary>
/// <param name="Reason">Why; it is in the ledger and in lists, and not told to clients.</param>
/// <param name="Authority">Of this CA; null: of any.</param>
/// <param name="Profile">Of this profile; null: of any.</param>
/// <param name="All">All of them: without a CA and a profile, and not by leaving both out.</param>
/// <param name="ExplanationUrl">Where people read about it; clients show it.</param>
/// <param name="Lifetime">Seconds after which it ends by itself.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record OpenAcmeIncidentCommand(string Reason, string? Authority = null, string? Profile = null, bool All = false, string? ExplanationUrl = null, long Lifetime = 604800);

/// <param name="Authority">Null: of any CA.</param>
/// <param name="Profile">Null: of any profile.</param>
/// <param name="NotAfter">When it ends by itself.</param>
/// <param name="Ended">When somebody ended it.</param>
public sealed record AcmeIncidentView(
    string Id, string? Authority, string? Profile, string Reason, string? ExplanationUrl, bool Open, DateTimeOffset Begun, DateTimeOffset NotAfter, DateTimeOffset? Ended);

public sealed record AcmeIncidentsView(IReadOnlyList<AcmeIncidentView> Incidents);
