namespace AgentPki.Authority.Store;

// ACME (RFC 8555). What these say of states is the state machine of RFC 8555 §7.1.6: no engine lets a step happen twice, or out of order.
public abstract partial record StoreChange
{
    /// <summary>A new external account key. Conflict when the id exists.</summary>
    public sealed record AddAcmeExternalKey(AcmeExternalKey Key) : StoreChange;

    /// <summary>Revokes an external account key; conflict when unknown. Already revoked: unchanged (idempotent). Its accounts stay.</summary>
    public sealed record RevokeAcmeExternalKey(string Id, DateTimeOffset Time) : StoreChange;

    /// <summary>A new account; conflict when its id or its key has one already, or the external key that vouches for it is unknown, revoked or used up (it is counted).</summary>
    public sealed record AddAcmeAccount(AcmeAccount Account) : StoreChange;

    /// <summary>Other contacts; conflict when the account is unknown or not valid.</summary>
    public sealed record SetAcmeContacts(string AccountId, IReadOnlyList<string> Contacts) : StoreChange;

    /// <summary>Ends an account, and with it its pending authorizations and unfinished orders; conflict when it is unknown or not valid.</summary>
    public sealed record EndAcmeAccount(string AccountId, AcmeAccountState To) : StoreChange;

    /// <summary>Another key; conflict unless the account is valid and has the old one, or when another account has the new one.</summary>
    public sealed record RekeyAcmeAccount(string AccountId, byte[] OldThumbprint, byte[] Thumbprint, byte[] Jwk) : StoreChange;

    /// <summary>A new authorization outside an order (RFC 8555 §7.4.1); conflict when the account is unknown or not valid.</summary>
    public sealed record AddAcmeAuthorization(AcmeAuthorization Authorization) : StoreChange;

    /// <summary>
    /// A new order, with the authorizations that it needs and that are not there yet. Conflict when the account is unknown or not valid, an authorization it
    /// names is not its account's, or another order that is not invalid replaces the same certificate; one that has expired when this one is placed is invalid from then on.
    /// </summary>
    /// <param name="Added">Those of <see cref="AcmeOrder.Authorizations"/> that are new.</param>
    public sealed record AddAcmeOrder(AcmeOrder Order, IReadOnlyList<AcmeAuthorization> Added) : StoreChange;

    /// <summary>A challenge was answered; conflict unless its authorization is pending and none of its challenges was answered before.</summary>
    /// <param name="AccountUrl">The account's URL as its client was given it.</param>
    public sealed record AttemptAcmeChallenge(string AuthorizationId, string Challenge, byte[] Payload, string AccountUrl, DateTimeOffset Time) : StoreChange;

    /// <summary>
    /// A challenge was judged; conflict unless the authorization is pending with that challenge answered. Pending orders follow: ready when every
    /// authorization they name is valid, invalid when this one is; and none that is not done outlasts the authorization.
    /// </summary>
    /// <param name="Error">Null: the name is the account's. Else the problem document.</param>
    /// <param name="Expires">Until when a valid authorization may be used.</param>
    public sealed record SettleAcmeAuthorization(string AuthorizationId, string Challenge, string? Error, string? Facts, DateTimeOffset Time, DateTimeOffset Expires) : StoreChange;

    /// <summary>A proof that is good once (an authority token of ACME, a client assertion of OAuth) was used; conflict when it was used before. What ended before <paramref name="Time"/> is forgotten.</summary>
    /// <param name="Id">A digest.</param>
    public sealed record SpendProof(byte[] Id, DateTimeOffset Expires, DateTimeOffset Time) : StoreChange;

    /// <summary>Gives up an authorization; conflict unless it is pending or valid. Orders that name it and are not done become invalid, those that wait for a person too (RFC 8555 §7.1.6).</summary>
    /// <param name="Error">Why those orders are invalid (a problem document).</param>
    public sealed record DeactivateAcmeAuthorization(string AuthorizationId, string Error) : StoreChange;

    /// <summary>The request of a ready order waits for a person; conflict unless it is ready.</summary>
    public sealed record ParkAcmeOrder(string OrderId, byte[] Request) : StoreChange;

    /// <summary>The order ends with a certificate, which must be there or come in the same request; conflict unless it is ready or processing.</summary>
    public sealed record FulfilAcmeOrder(string OrderId, string Authority, byte[] Serial) : StoreChange;

    /// <summary>The order ends without; conflict unless it is pending, ready or processing.</summary>
    public sealed record FailAcmeOrder(string OrderId, string Error) : StoreChange;

    /// <summary>From now on certificates are renewed before their time; conflict when the id exists.</summary>
    public sealed record AddAcmeIncident(AcmeIncident Incident) : StoreChange;

    /// <summary>And not any more; conflict when it is unknown or ended already.</summary>
    public sealed record EndAcmeIncident(string Id, DateTimeOffset Time) : StoreChange;

    /// <summary>
    /// Removes orders without a certificate, and authorizations, that expired before a time: at most that many of each. An order with a certificate stays, and names
    /// no authorizations then; one that waits for a person stays with its authorizations for longer. Never a conflict.
    /// </summary>
    /// <param name="WaitingBefore">The same for orders that wait for a person.</param>
    public sealed record PruneAcme(DateTimeOffset ExpiredBefore, DateTimeOffset WaitingBefore, int Limit) : StoreChange;
}
