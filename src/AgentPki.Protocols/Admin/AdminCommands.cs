using System.Text.Json.Serialization;
using AgentPki.Agents;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

// The admin API's request bodies, version 1. Unknown fields are refused: a misspelt option must not be silently left out.
// Constructor parameters, not init properties: generated readers give parameters their defaults.

/// <summary>What to revoke: exactly one of a serial (with its authority), a certificate, an agent.</summary>
/// <param name="Authority">Name of the CA; with <paramref name="Serial"/>. Null: the only CA that issued that serial.</param>
/// <param name="Serial">Hexadecimal; colons are read over.</param>
/// <param name="Certificate">PEM, or base64 of the DER.</param>
/// <param name="Agent">A SPIFFE ID: every certificate of that agent that is still good.</param>
/// <param name="Then">The state an agent is left in.</param>
/// <param name="IncludeAppliance">Must be true for a certificate of the appliance itself.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RevokeCommand(
    string? Authority = null,
    string? Serial = null,
    string? Certificate = null,
    string? Agent = null,
    RevocationReason Reason = RevocationReason.Unspecified,
    AgentState Then = AgentState.Suspended,
    bool IncludeAppliance = false);

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
