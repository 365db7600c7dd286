using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Acme;

/// <summary>An ACME store whose answers a test can hold back after they were read: what others do meanwhile makes them old.</summary>
public sealed class HookedAcmeStore(IAcmeStore inner) : IAcmeStore
{
    /// <summary>Runs between the reading of an account and its return.</summary>
    public Func<Task>? AfterAccount { get; set; }

    /// <summary>Runs between the reading of an order and its return.</summary>
    public Func<Task>? AfterOrder { get; set; }

    public async ValueTask<AcmeAccount?> FindAccountAsync(string id, CancellationToken cancellationToken)
    {
        var found = await inner.FindAccountAsync(id, cancellationToken);
        await (AfterAccount?.Invoke() ?? Task.CompletedTask);
        return found;
    }

    public async ValueTask<AcmeOrder?> FindOrderAsync(string id, CancellationToken cancellationToken)
    {
        var found = await inner.FindOrderAsync(id, cancellationToken);
        await (AfterOrder?.Invoke() ?? Task.CompletedTask);
        return found;
    }

    public ValueTask<AcmeExternalKey?> FindExternalKeyAsync(string id, CancellationToken cancellationToken) => inner.FindExternalKeyAsync(id, cancellationToken);

    public ValueTask<IReadOnlyList<AcmeExternalKey>> ListExternalKeysAsync(CancellationToken cancellationToken) => inner.ListExternalKeysAsync(cancellationToken);

    public ValueTask<AcmeAccount?> FindAccountByKeyAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) => inner.FindAccountByKeyAsync(thumbprint, cancellationToken);

    public ValueTask<IReadOnlyList<AcmeAccount>> ListAccountsAsync(int limit, CancellationToken cancellationToken) => inner.ListAccountsAsync(limit, cancellationToken);

    public ValueTask<AcmeOrder?> FindOrderOfAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) => inner.FindOrderOfAsync(authority, serial, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListOrdersAsync(string accountId, string? before, DateTimeOffset? made, int limit, CancellationToken cancellationToken) => inner.ListOrdersAsync(accountId, before, made, limit, cancellationToken);

    public ValueTask<IReadOnlyList<AcmeIncident>> ListIncidentsAsync(int limit, CancellationToken cancellationToken) => inner.ListIncidentsAsync(limit, cancellationToken);

    public ValueTask<AcmeAuthorization?> FindAuthorizationAsync(string id, CancellationToken cancellationToken) => inner.FindAuthorizationAsync(id, cancellationToken);

    public ValueTask<AcmeAuthorization?> FindValidAuthorizationAsync(string accountId, AcmeIdentifier identifier, bool wildcard, DateTimeOffset until, CancellationToken cancellationToken) =>
        inner.FindValidAuthorizationAsync(accountId, identifier, wildcard, until, cancellationToken);

    public ValueTask<IReadOnlyList<AcmeAuthorization>> ListAttemptedAsync(int limit, CancellationToken cancellationToken) => inner.ListAttemptedAsync(limit, cancellationToken);
}
