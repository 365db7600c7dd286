using System.Text.Json.Serialization;
using AgentPki.Agents;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

// The admin API's request bodies, version 1. Unknown fields are refused: a misspelt option must not be silently left out.
// Constructor parameters, not init properties: generated readers give parameters their defaults.

/// <summary>What to revoke, hold or release: one certificate (by its serial number or itself), or whatever meets every condition that is named and has not ended.</summary>
/// <param name="Authority">Name of the issuing CA. With <paramref name="Serial"/>: null is the only CA that issued that serial.</param>
/// <param name="Serial">Hexadecimal; colons are read over.</param>
/// <param name="Certificate">PEM, or base64 of the DER.</param>
/// <param name="Agent">A SPIFFE ID: every certificate of that agent.</param>
/// <param name="WithDescendants">With <paramref name="Agent"/>: and of everything that it spawned.</param>
/// <param name="AgentsUnder">What SPIFFE IDs begin with, to a slash: <c>spiffe://agents.example/team-a/</c>.</param>
/// <param name="Owner">Who answers for the agents.</param>
/// <param name="Algorithm">The subject's kind of key: <c>rsa-2048</c>, <c>ecdsa-p256</c>.</param>
/// <param name="Key">SHA-256 of a SubjectPublicKeyInfo, hexadecimal: every certificate that ever carried that key.</param>
/// <param name="Requester">Who asked for it, as the ledger names it: <c>credential:NAME</c>, <c>agent:spiffe://…</c>.</param>
/// <param name="Then">The state that agents are left in where the conditions name agents alone; Active: theirs stays.</param>
/// <param name="IncludeAppliance">Must be true for a certificate of the appliance itself, which is taken only when it is named alone.</param>
/// <param name="InvalidSince">Since when it was not to be trusted (invalidityDate).</param>
/// <param name="Confirmed">How many certificates the dry run showed; wanted above the appliance's limit.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RevokeCommand(
    string? Authority = null,
    string? Serial = null,
    string? Certificate = null,
    string? Agent = null,
    RevocationReason Reason = RevocationReason.Unspecified,
    AgentState Then = AgentState.Suspended,
    bool IncludeAppliance = false,
    bool WithDescendants = false,
    string? AgentsUnder = null,
    string? Owner = null,
    string? Profile = null,
    string? Algorithm = null,
    string? Key = null,
    DateTimeOffset? IssuedFrom = null,
    DateTimeOffset? IssuedBefore = null,
    string? Requester = null,
    DateTimeOffset? InvalidSince = null,
    long? Confirmed = null);

/// <summary>Who spawned an agent.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Parent">The SPIFFE ID of an agent of the same owner; null: nobody.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SetAgentParentCommand(string Id, string? Parent = null);

/// <summary>The state an agent is put into.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="State">Suspended agents get no certificates until they are active again; retired is for good.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SetAgentStateCommand(string Id, AgentState State);

/// <summary>A new enrolment credential.</summary>
/// <param name="Owner">Who answers for the agents enrolled with it.</param>
/// <param name="Name">Null: one is made.</param>
/// <param name="Profiles">Null or empty: every profile that takes credentials.</param>
/// <param name="SubjectPattern">Glob over the SPIFFE ID's path; null: any.</param>
/// <param name="MaxUses">How many enrolments it is good for; 0: any number.</param>
/// <param name="Lifetime">Seconds.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateCredentialCommand(
    string Owner, string? Name = null, IReadOnlyList<string>? Profiles = null, string? SubjectPattern = null, int MaxUses = 1, long Lifetime = 3600);
