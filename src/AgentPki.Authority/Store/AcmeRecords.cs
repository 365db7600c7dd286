using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Authority.Store;

/// <summary>RFC 8555 §7.1.2. The numbers are the store's.</summary>
public enum AcmeAccountState : byte
{
    Valid = 0,

    /// <summary>By its holder; for good.</summary>
    Deactivated = 1,

    /// <summary>By an operator; for good.</summary>
    Revoked = 2,
}

/// <summary>RFC 8555 §7.1.6. The numbers are the store's.</summary>
public enum AcmeOrderState : byte
{
    /// <summary>Not every name is authorized yet.</summary>
    Pending = 0,

    /// <summary>Waits for the request (finalize).</summary>
    Ready = 1,

    /// <summary>The request is here and waits for a person.</summary>
    Processing = 2,

    Valid = 3,

    Invalid = 4,
}

/// <summary>RFC 8555 §7.1.6; "expired" is not a state of the store: it is told from the time. The numbers are the store's.</summary>
public enum AcmeAuthorizationState : byte
{
    Pending = 0,

    Valid = 1,

    Invalid = 2,

    /// <summary>Given up by its account.</summary>
    Deactivated = 3,
}

/// <summary>A key with which somebody outside vouches for a new account (RFC 8555 §7.3.4).</summary>
/// <param name="Id">The kid: 1 to 64 of <c>[A-Za-z0-9_-]</c>.</param>
/// <param name="WrappedSecret">The MAC key, wrapped under a key of the token, bound to the id.</param>
/// <param name="Owner">Who answers for what its accounts enrol.</param>
/// <param name="Names">
/// Globs of the names its accounts may ask for, whatever proves them: DNS names, addresses and devices (<c>*.agents.example</c>), or SPIFFE paths (<c>/agent/team-a-*</c>), for which the key is the
/// authorization too while it is neither revoked nor at its end. Empty: every name that the profile allows and the client proves.
/// </param>
/// <param name="Profiles">Empty: every profile that takes ACME.</param>
/// <param name="MaxAccounts">Null: any number; 1: one time.</param>
public sealed record AcmeExternalKey(
    string Id,
    byte[] WrappedSecret,
    string Owner,
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Profiles,
    int? MaxAccounts,
    int Accounts,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    DateTimeOffset? Revoked);

/// <summary>RFC 8555 §7.1.2.</summary>
/// <param name="Thumbprint">SHA-256 of the key (RFC 7638): one account a key.</param>
/// <param name="Jwk">The public key as canonical JSON.</param>
/// <param name="ExternalKey">The <see cref="AcmeExternalKey.Id"/> that vouched for it; null: none did.</param>
/// <param name="Owner">Who answers for it.</param>
public sealed record AcmeAccount(
    string Id,
    byte[] Thumbprint,
    byte[] Jwk,
    IReadOnlyList<string> Contacts,
    AcmeAccountState State,
    string? ExternalKey,
    string Owner,
    bool TermsAgreed,
    DateTimeOffset Created);

/// <summary>RFC 8555 §7.1.4.</summary>
/// <param name="Wildcard">The order asked for <c>*.</c> before the name; the identifier here is without it.</param>
/// <param name="Expires">Pending ones, and what a valid one may be used for, end then.</param>
/// <param name="Seed">Of which the tokens of its challenges are made.</param>
/// <param name="Challenge">The type of the challenge that its account answered; null: none yet. Only one is ever tried.</param>
/// <param name="Payload">What was posted to that challenge (JSON).</param>
/// <param name="Error">The problem document of a failed validation (UTF-8 JSON).</param>
/// <param name="Facts">What validation learned besides, one <c>name=value</c> a line.</param>
public sealed record AcmeAuthorization(
    string Id,
    string AccountId,
    AcmeIdentifier Identifier,
    bool Wildcard,
    AcmeAuthorizationState State,
    DateTimeOffset Expires,
    byte[] Seed,
    string? Challenge,
    byte[]? Payload,
    DateTimeOffset? Attempted,
    DateTimeOffset? Validated,
    string? Error,
    string? Facts)
{
    /// <summary>The account's URL as its client was given it when it answered the challenge; null: before that, and before there was this member.</summary>
    public string? AccountUrl { get; init; }

    /// <summary>Whether the account's external key was the proof: no challenge was.</summary>
    public bool IsGranted => State == AcmeAuthorizationState.Valid && Challenge is null;
}

/// <summary>RFC 8555 §7.1.3.</summary>
/// <param name="Identifiers">As asked for, wildcards included, in the request's order, without duplicates.</param>
/// <param name="Authorizations">One for each identifier, in the same order; fewer, once they are so old that they were removed.</param>
/// <param name="Profile">The name of the profile it is for.</param>
/// <param name="Expires">When it is invalid unless it is done or waits for a person: after its own time, or with the first of its authorizations.</param>
/// <param name="Replaces">RFC 9773 §5; null: nothing.</param>
/// <param name="Request">The DER PKCS#10 request of an order that waits for a person; null before.</param>
/// <param name="Certificate">What it ended with.</param>
/// <param name="Error">Why it is invalid (a problem document, UTF-8 JSON).</param>
public sealed record AcmeOrder(
    string Id,
    string AccountId,
    AcmeOrderState State,
    IReadOnlyList<AcmeIdentifier> Identifiers,
    IReadOnlyList<string> Authorizations,
    string Profile,
    DateTimeOffset Created,
    DateTimeOffset Expires,
    string? Replaces,
    byte[]? Request,
    AcmeCertificate? Certificate,
    string? Error);

/// <summary>Why certificates are to be renewed before their time, and which: those issued before it, of one CA or one profile or all.</summary>
/// <param name="Authority">Null: of every CA.</param>
/// <param name="Profile">Null: of every profile.</param>
/// <param name="ExplanationUrl">Where people read about it (RFC 9773 §4.2); null: nowhere.</param>
/// <param name="NotAfter">When it ends by itself.</param>
/// <param name="Ended">When somebody ended it.</param>
public sealed record AcmeIncident(
    string Id,
    string? Authority,
    string? Profile,
    string Reason,
    string? ExplanationUrl,
    DateTimeOffset Begun,
    DateTimeOffset NotAfter,
    DateTimeOffset? Ended)
{
    public bool IsOpen(DateTimeOffset now) => Ended is null && now < NotAfter;

    /// <summary>Whether it is about that certificate; what was issued since it began is what it asks for.</summary>
    public bool Covers(CertificateRecord certificate) =>
        certificate.Issued < Begun && (Authority is null || Authority == certificate.Authority) && (Profile is null || Profile == certificate.Profile);
}

/// <summary>The certificate of an order.</summary>
public sealed record AcmeCertificate(string Authority, byte[] Serial);
