using System.Text.Json.Serialization;
using AgentPki.Authority.Governance;

namespace AgentPki.Protocols.Admin;

/// <summary>Who calls, as the appliance knows him.</summary>
/// <param name="Waived">Whether what he does needs no second person: by the socket of a development home.</param>
/// <param name="CertificateNotAfter">Until when the certificate he showed is good; null: he showed none.</param>
public sealed record CallerView(string Name, string Actor, IReadOnlyList<string> Roles, IReadOnlyList<string> Owners, bool Waived, DateTimeOffset? CertificateNotAfter);

/// <summary>Somebody who administers.</summary>
/// <param name="Keys">SHA-256 of the SubjectPublicKeyInfo of each of his keys.</param>
/// <param name="CanLogInUntil">Null: he has no certificate that is good now.</param>
/// <param name="Certificates">With one administrator alone: those of his certificates that are good, newest first, each as PEM with its CA's chain, without the root.</param>
public sealed record AdministratorView(
    string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Owners, AdministratorState State, DateTimeOffset Created, DateTimeOffset Changed, IReadOnlyList<string> Keys, DateTimeOffset? CanLogInUntil, IReadOnlyList<string>? Certificates);

public sealed record AdministratorsView(IReadOnlyList<AdministratorView> Administrators);

/// <summary>A certificate that an administrator got.</summary>
/// <param name="Pem">The certificate and then its CA's chain, without the root.</param>
public sealed record AdministratorCertificateView(string Name, string Serial, DateTimeOffset NotAfter, string Pem);

/// <summary>Who asked or decided, and by what he was known.</summary>
/// <param name="Key">SHA-256 of the SubjectPublicKeyInfo; null: by the socket.</param>
public sealed record AdminPersonView(string Name, string? Key, string? Authority, string? Serial);

/// <summary>What waits, or waited, for a second person.</summary>
/// <param name="Target">Method, and path and query below <c>/admin/v1</c>.</param>
/// <param name="Body">As it will be run, octet by octet; null in lists.</param>
/// <param name="Sha256">Over <c>METHOD SP path-and-query LF</c> and the octets of the body: what the second person says yes to.</param>
/// <param name="Approvers">The roles of which the second person must have one.</param>
/// <param name="Outcome">What became of it: the operation's answer, or why not; null in lists.</param>
public sealed record AdminRequestView(
    string Id,
    string Operation,
    string Target,
    string? Body,
    string Sha256,
    AdminPersonView Requester,
    string? Comment,
    AdminRequestState State,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    IReadOnlyList<string> Approvers,
    AdminPersonView? DecidedBy,
    DateTimeOffset? Decided,
    string? DecisionComment,
    DateTimeOffset? Finished,
    string? Outcome);

public sealed record AdminRequestsView(IReadOnlyList<AdminRequestView> Requests);

/// <summary>A profile that serves from the next start on.</summary>
public sealed record ProfileAppliedView(string File, string Sha256);

/// <summary>A new administrator.</summary>
/// <param name="Roles">officer, ca-administrator, ra-administrator, owner, auditor, read-only.</param>
/// <param name="Owners">With the role owner: for whom.</param>
/// <param name="Request">His PKCS#10, PEM.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AddAdministratorCommand(string Name, IReadOnlyList<string> Roles, string Request, IReadOnlyList<string>? Owners = null);

/// <summary>The roles an administrator is to have.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SetAdministratorRolesCommand(IReadOnlyList<string> Roles, IReadOnlyList<string>? Owners = null);

/// <summary>A certificate for an administrator.</summary>
/// <param name="Request">PKCS#10, PEM, signed with the key that it will be for.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AdministratorCertificateCommand(string Request);

/// <summary>A yes.</summary>
/// <param name="Sha256">Of what was seen.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApproveRequestCommand(string Sha256, string? Comment = null);

/// <summary>A no, and why.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RejectRequestCommand(string Comment);

/// <summary>A new or changed profile.</summary>
/// <param name="File">Its file's name, for example <c>agent.yaml</c>.</param>
/// <param name="Yaml">The whole text.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApplyProfileCommand(string File, string Yaml);
