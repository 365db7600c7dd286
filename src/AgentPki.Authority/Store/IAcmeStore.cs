using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Authority.Store;

/// <summary>Reads what ACME keeps.</summary>
public interface IAcmeStore
{
    ValueTask<AcmeExternalKey?> FindExternalKeyAsync(string id, CancellationToken cancellationToken);

    /// <summary>All of them, revoked ones included, by ordinal id.</summary>
    ValueTask<IReadOnlyList<AcmeExternalKey>> ListExternalKeysAsync(CancellationToken cancellationToken);

    ValueTask<AcmeAccount?> FindAccountAsync(string id, CancellationToken cancellationToken);

    ValueTask<AcmeAccount?> FindAccountByKeyAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken);

    /// <summary>Accounts, newest first.</summary>
    ValueTask<IReadOnlyList<AcmeAccount>> ListAccountsAsync(int limit, CancellationToken cancellationToken);

    ValueTask<AcmeOrder?> FindOrderAsync(string id, CancellationToken cancellationToken);

    /// <summary>The order that a certificate came from; null: it came another way.</summary>
    ValueTask<AcmeOrder?> FindOrderOfAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken);

    /// <summary>Ids of an account's orders that are not invalid, newest first.</summary>
    /// <param name="before">The id where the last page ended; null: from the newest.</param>
    /// <param name="made">When that order was made: it may have been removed since. Null: unknown, and then what follows an order that is not there is nothing.</param>
    ValueTask<IReadOnlyList<string>> ListOrdersAsync(string accountId, string? before, DateTimeOffset? made, int limit, CancellationToken cancellationToken);

    ValueTask<AcmeAuthorization?> FindAuthorizationAsync(string id, CancellationToken cancellationToken);

    /// <summary>A valid authorization of that account for that name which is good for longer than <paramref name="until"/>, the longest; null: none.</summary>
    ValueTask<AcmeAuthorization?> FindValidAuthorizationAsync(string accountId, AcmeIdentifier identifier, bool wildcard, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Authorizations whose challenge was answered and not yet judged, oldest first: what a restart goes on with.</summary>
    ValueTask<IReadOnlyList<AcmeAuthorization>> ListAttemptedAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Incidents, newest first, ended ones included.</summary>
    ValueTask<IReadOnlyList<AcmeIncident>> ListIncidentsAsync(int limit, CancellationToken cancellationToken);
}
