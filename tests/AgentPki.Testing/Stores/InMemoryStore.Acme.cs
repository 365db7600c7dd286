using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IAcmeStore
{
    ValueTask<AcmeExternalKey?> IAcmeStore.FindExternalKeyAsync(string id, CancellationToken cancellationToken) => new(_state.AcmeExternalKeys.GetValueOrDefault(id));

    ValueTask<IReadOnlyList<AcmeExternalKey>> IAcmeStore.ListExternalKeysAsync(CancellationToken cancellationToken) => new(_state.AcmeExternalKeys.Values.ToList());

    ValueTask<AcmeAccount?> IAcmeStore.FindAccountAsync(string id, CancellationToken cancellationToken) => new(_state.AcmeAccounts.Find(a => a.Id == id));

    ValueTask<AcmeAccount?> IAcmeStore.FindAccountByKeyAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) =>
        new(_state.AcmeAccounts.Find(a => a.Thumbprint.AsSpan().SequenceEqual(thumbprint.Span)));

    ValueTask<IReadOnlyList<AcmeAccount>> IAcmeStore.ListAccountsAsync(int limit, CancellationToken cancellationToken) => new(_state.AcmeAccounts.Reverse().Take(limit).ToList());

    ValueTask<AcmeOrder?> IAcmeStore.FindOrderAsync(string id, CancellationToken cancellationToken) => new(_state.AcmeOrders.Find(o => o.Id == id));

    ValueTask<AcmeOrder?> IAcmeStore.FindOrderOfAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) =>
        new(_state.AcmeOrders.Find(o => o.Certificate is { } c && c.Authority == authority && c.Serial.AsSpan().SequenceEqual(serial.Span)));

    ValueTask<IReadOnlyList<string>> IAcmeStore.ListOrdersAsync(string accountId, string? before, DateTimeOffset? made, int limit, CancellationToken cancellationToken)
    {
        var orders = _state.AcmeOrders.Where(o => o.AccountId == accountId).ToList();
        var end = orders.FindIndex(o => o.Id == before);
        var older = before is null ? orders : end >= 0 ? orders.Take(end) : orders.Where(o => made is { } time && o.Created < InMemoryChanges.Milliseconds(time));
        return new(older.Reverse().Where(o => o.State != AcmeOrderState.Invalid).Take(limit).Select(o => o.Id).ToList());
    }

    ValueTask<IReadOnlyList<AcmeIncident>> IAcmeStore.ListIncidentsAsync(int limit, CancellationToken cancellationToken) => new(_state.AcmeIncidents.Reverse().Take(limit).ToList());

    ValueTask<AcmeAuthorization?> IAcmeStore.FindAuthorizationAsync(string id, CancellationToken cancellationToken) => new(_state.AcmeAuthorizations.GetValueOrDefault(id));

    ValueTask<AcmeAuthorization?> IAcmeStore.FindValidAuthorizationAsync(string accountId, AcmeIdentifier identifier, bool wildcard, DateTimeOffset until, CancellationToken cancellationToken) =>
        new(_state.AcmeAuthorizations.Values
            .Where(a => a.AccountId == accountId && a.Identifier == identifier && a.Wildcard == wildcard && a.State == AcmeAuthorizationState.Valid && a.Expires > InMemoryChanges.Milliseconds(until))
            .OrderByDescending(a => a.Expires).FirstOrDefault());

    ValueTask<IReadOnlyList<AcmeAuthorization>> IAcmeStore.ListAttemptedAsync(int limit, CancellationToken cancellationToken) =>
        new(_state.AcmeAuthorizations.Values.Where(a => a is { State: AcmeAuthorizationState.Pending, Attempted: not null }).OrderBy(a => a.Attempted).Take(limit).ToList());
}
