using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

internal static partial class InMemoryChanges
{
    private static InMemoryState AddAcmeExternalKey(InMemoryState state, StoreChange.AddAcmeExternalKey c)
    {
        Check(!state.AcmeExternalKeys.ContainsKey(c.Key.Id), c, ConflictReasons.AcmeExternalKeyExists(c.Key.Id));
        return state with { AcmeExternalKeys = state.AcmeExternalKeys.Add(c.Key.Id, c.Key with { Created = Milliseconds(c.Key.Created), NotAfter = Milliseconds(c.Key.NotAfter) }) };
    }

    private static InMemoryState RevokeAcmeExternalKey(InMemoryState state, StoreChange.RevokeAcmeExternalKey c)
    {
        Check(state.AcmeExternalKeys.TryGetValue(c.Id, out var key), c, ConflictReasons.AcmeExternalKeyUnknown(c.Id));
        return state with { AcmeExternalKeys = state.AcmeExternalKeys.SetItem(c.Id, key! with { Revoked = key.Revoked ?? Milliseconds(c.Time) }) };
    }

    private static InMemoryState AddAcmeAccount(InMemoryState state, StoreChange.AddAcmeAccount c)
    {
        var account = c.Account;
        if (account.ExternalKey is { } id)
        {
            Check(state.AcmeExternalKeys.TryGetValue(id, out var key), c, ConflictReasons.AcmeExternalKeyUnknown(id));
            Check(key!.Revoked is null, c, ConflictReasons.AcmeExternalKeyRevoked(id));
            Check(key.MaxAccounts is null || key.Accounts < key.MaxAccounts, c, ConflictReasons.AcmeExternalKeySpent(id));
            state = state with { AcmeExternalKeys = state.AcmeExternalKeys.SetItem(id, key with { Accounts = key.Accounts + 1 }) };
        }

        Check(!state.AcmeAccounts.Any(a => a.Id == account.Id || Same(a.Thumbprint, account.Thumbprint)), c, ConflictReasons.AcmeAccountExists);
        return state with { AcmeAccounts = state.AcmeAccounts.Add(account with { Created = Milliseconds(account.Created) }) };
    }

    private static InMemoryState SetAcmeContacts(InMemoryState state, StoreChange.SetAcmeContacts c) => Replace(state, ValidAccount(state, c.AccountId, c), a => a with { Contacts = c.Contacts });

    private static InMemoryState EndAcmeAccount(InMemoryState state, StoreChange.EndAcmeAccount c)
    {
        state = Replace(state, ValidAccount(state, c.AccountId, c), a => a with { State = c.To });
        foreach (var order in state.AcmeOrders.Where(o => o.AccountId == c.AccountId && o.State < AcmeOrderState.Valid))
        {
            state = Replace(state, order, o => o with { State = AcmeOrderState.Invalid });
        }

        foreach (var authorization in state.AcmeAuthorizations.Values.Where(a => a.AccountId == c.AccountId && a.State < AcmeAuthorizationState.Invalid))
        {
            state = Set(state, authorization with { State = AcmeAuthorizationState.Deactivated });
        }

        return state;
    }

    private static InMemoryState RekeyAcmeAccount(InMemoryState state, StoreChange.RekeyAcmeAccount c)
    {
        Check(!state.AcmeAccounts.Any(a => Same(a.Thumbprint, c.Thumbprint)), c, ConflictReasons.AcmeAccountExists);
        var account = ValidAccount(state, c.AccountId, c);
        Check(Same(account.Thumbprint, c.OldThumbprint), c, ConflictReasons.AcmeAccountNotValid(c.AccountId));
        return Replace(state, account, a => a with { Thumbprint = c.Thumbprint, Jwk = c.Jwk });
    }

    private static InMemoryState AddAcmeAuthorization(InMemoryState state, StoreChange.AddAcmeAuthorization c)
    {
        ValidAccount(state, c.Authorization.AccountId, c);
        Check(!state.AcmeAuthorizations.ContainsKey(c.Authorization.Id), c, ConflictReasons.AcmeAuthorizationMoved(c.Authorization.Id));
        return Set(state, c.Authorization);
    }

    private static InMemoryState AddAcmeOrder(InMemoryState state, StoreChange.AddAcmeOrder c)
    {
        var order = c.Order;
        ValidAccount(state, order.AccountId, c);
        if (order.Replaces is { } replaced)
        {
            foreach (var expired in state.AcmeOrders.Where(o => o.Replaces == replaced && o.State < AcmeOrderState.Processing && o.Expires <= Milliseconds(order.Created)))
            {
                state = Replace(state, expired, o => o with { State = AcmeOrderState.Invalid });
            }

            Check(!state.AcmeOrders.Any(o => o.Id == order.Id || (o.Replaces == replaced && o.State != AcmeOrderState.Invalid)), c, ConflictReasons.AcmeAlreadyReplaced(replaced));
        }

        Check(!state.AcmeOrders.Any(o => o.Id == order.Id), c, ConflictReasons.AcmeOrderExists(order.Id));
        foreach (var id in order.Authorizations)
        {
            state = c.Added.FirstOrDefault(a => a.Id == id) is { } added && !state.AcmeAuthorizations.ContainsKey(id) ? Set(state, added) : state;
            Check(state.AcmeAuthorizations.TryGetValue(id, out var known) && known.AccountId == order.AccountId, c, ConflictReasons.AcmeAuthorizationForeign(id));
        }

        return state with { AcmeOrders = state.AcmeOrders.Add(order with { Created = Milliseconds(order.Created), Expires = Milliseconds(order.Expires) }) };
    }

    private static InMemoryState AttemptAcmeChallenge(InMemoryState state, StoreChange.AttemptAcmeChallenge c)
    {
        Check(state.AcmeAuthorizations.TryGetValue(c.AuthorizationId, out var known) && known is { State: AcmeAuthorizationState.Pending, Challenge: null }, c, ConflictReasons.AcmeAuthorizationMoved(c.AuthorizationId));
        return Set(state, known! with { Challenge = c.Challenge, Payload = c.Payload, AccountUrl = c.AccountUrl, Attempted = c.Time });
    }

    private static InMemoryState SettleAcmeAuthorization(InMemoryState state, StoreChange.SettleAcmeAuthorization c)
    {
        Check(state.AcmeAuthorizations.TryGetValue(c.AuthorizationId, out var known) && known.State == AcmeAuthorizationState.Pending && known.Challenge == c.Challenge, c, ConflictReasons.AcmeAuthorizationMoved(c.AuthorizationId));
        if (c.Error is not null)
        {
            return FailOrdersThatNeed(Set(state, known! with { State = AcmeAuthorizationState.Invalid, Error = c.Error }), c.AuthorizationId, c.Error);
        }

        state = Set(state, known! with { State = AcmeAuthorizationState.Valid, Validated = c.Time, Expires = c.Expires, Facts = c.Facts });
        foreach (var order in state.AcmeOrders.Where(o => o.State < AcmeOrderState.Processing && o.Expires > Milliseconds(c.Expires) && o.Authorizations.Contains(c.AuthorizationId)))
        {
            state = Replace(state, order, o => o with { Expires = Milliseconds(c.Expires) });
        }

        var valid = state;
        foreach (var order in state.AcmeOrders.Where(o => o.State == AcmeOrderState.Pending && o.Authorizations.Contains(c.AuthorizationId)
            && o.Authorizations.All(id => valid.AcmeAuthorizations[id].State == AcmeAuthorizationState.Valid)))
        {
            state = Replace(state, order, o => o with { State = AcmeOrderState.Ready });
        }

        return state;
    }

    private static InMemoryState DeactivateAcmeAuthorization(InMemoryState state, StoreChange.DeactivateAcmeAuthorization c)
    {
        Check(state.AcmeAuthorizations.TryGetValue(c.AuthorizationId, out var known) && known.State < AcmeAuthorizationState.Invalid, c, ConflictReasons.AcmeAuthorizationMoved(c.AuthorizationId));
        return FailOrdersThatNeed(Set(state, known! with { State = AcmeAuthorizationState.Deactivated }), c.AuthorizationId, c.Error);
    }

    private static InMemoryState SpendProof(InMemoryState state, StoreChange.SpendProof c)
    {
        var left = state.AcmeSpentProofs.RemoveRange(state.AcmeSpentProofs.Where(p => p.Value < c.Time).Select(p => p.Key));
        Check(!left.ContainsKey(Convert.ToHexString(c.Id)), c, ConflictReasons.ProofSpent);
        return state with { AcmeSpentProofs = left.Add(Convert.ToHexString(c.Id), c.Expires) };
    }

    private static InMemoryState ParkAcmeOrder(InMemoryState state, StoreChange.ParkAcmeOrder c) =>
        Replace(state, Order(state, c.OrderId, c, AcmeOrderState.Ready), o => o with { State = AcmeOrderState.Processing, Request = c.Request });

    private static InMemoryState FulfilAcmeOrder(InMemoryState state, StoreChange.FulfilAcmeOrder c)
    {
        Check(state.Certificates.ContainsKey(InMemoryState.CertificateKey(c.Authority, c.Serial)), c, ConflictReasons.CertificateUnknown(c.Authority, c.Serial));
        return Replace(state, Order(state, c.OrderId, c, AcmeOrderState.Ready, AcmeOrderState.Processing), o => o with { State = AcmeOrderState.Valid, Certificate = new AcmeCertificate(c.Authority, c.Serial) });
    }

    private static InMemoryState FailAcmeOrder(InMemoryState state, StoreChange.FailAcmeOrder c) =>
        Replace(state, Order(state, c.OrderId, c, AcmeOrderState.Pending, AcmeOrderState.Ready, AcmeOrderState.Processing), o => o with { State = AcmeOrderState.Invalid, Error = c.Error });

    private static InMemoryState AddAcmeIncident(InMemoryState state, StoreChange.AddAcmeIncident c)
    {
        Check(state.AcmeIncidents.All(i => i.Id != c.Incident.Id), c, ConflictReasons.AcmeIncidentExists(c.Incident.Id));
        return state with { AcmeIncidents = state.AcmeIncidents.Add(c.Incident with { Begun = Milliseconds(c.Incident.Begun), NotAfter = Milliseconds(c.Incident.NotAfter) }) };
    }

    private static InMemoryState EndAcmeIncident(InMemoryState state, StoreChange.EndAcmeIncident c)
    {
        var open = state.AcmeIncidents.Find(i => i.Id == c.Id && i.Ended is null);
        Check(open is not null, c, ConflictReasons.AcmeIncidentNotOpen(c.Id));
        return state with { AcmeIncidents = state.AcmeIncidents.Replace(open!, open! with { Ended = Milliseconds(c.Time) }) };
    }

    private static InMemoryState PruneAcme(InMemoryState state, StoreChange.PruneAcme c)
    {
        var old = state.AcmeOrders.Where(o => o.Certificate is null && o.Expires < c.ExpiredBefore && (o.State != AcmeOrderState.Processing || o.Expires < c.WaitingBefore)).Take(c.Limit).ToList();
        state = state with { AcmeOrders = state.AcmeOrders.RemoveRange(old) };
        var waiting = state.AcmeOrders.Where(o => o.State == AcmeOrderState.Processing).SelectMany(o => o.Authorizations).ToHashSet();
        var gone = state.AcmeAuthorizations.Values.Where(a => a.Expires < c.ExpiredBefore && !waiting.Contains(a.Id)).Take(c.Limit).Select(a => a.Id).ToHashSet();
        return state with
        {
            AcmeAuthorizations = state.AcmeAuthorizations.RemoveRange(gone),
            AcmeOrders = [.. state.AcmeOrders.Select(o => o.Authorizations.Any(gone.Contains) ? o with { Authorizations = [.. o.Authorizations.Where(id => !gone.Contains(id))] } : o)],
        };
    }

    private static InMemoryState FailOrdersThatNeed(InMemoryState state, string authorization, string? error)
    {
        foreach (var order in state.AcmeOrders.Where(o => o.State < AcmeOrderState.Valid && o.Authorizations.Contains(authorization)))
        {
            state = Replace(state, order, o => o with { State = AcmeOrderState.Invalid, Error = error });
        }

        return state;
    }

    private static AcmeAccount ValidAccount(InMemoryState state, string id, StoreChange change)
    {
        var account = state.AcmeAccounts.Find(a => a.Id == id && a.State == AcmeAccountState.Valid);
        Check(account is not null, change, ConflictReasons.AcmeAccountNotValid(id));
        return account!;
    }

    private static AcmeOrder Order(InMemoryState state, string id, StoreChange change, params ReadOnlySpan<AcmeOrderState> from)
    {
        var order = state.AcmeOrders.Find(o => o.Id == id);
        Check(order is not null && from.Contains(order.State), change, ConflictReasons.AcmeOrderMoved(id));
        return order!;
    }

    private static InMemoryState Replace(InMemoryState state, AcmeAccount account, Func<AcmeAccount, AcmeAccount> change) => state with { AcmeAccounts = state.AcmeAccounts.Replace(account, change(account)) };

    private static InMemoryState Replace(InMemoryState state, AcmeOrder order, Func<AcmeOrder, AcmeOrder> change) => state with { AcmeOrders = state.AcmeOrders.Replace(order, change(order)) };

    private static InMemoryState Set(InMemoryState state, AcmeAuthorization authorization) => state with
    {
        AcmeAuthorizations = state.AcmeAuthorizations.SetItem(authorization.Id, authorization with
        {
            Expires = Milliseconds(authorization.Expires),
            Attempted = authorization.Attempted is { } attempted ? Milliseconds(attempted) : null,
            Validated = authorization.Validated is { } validated ? Milliseconds(validated) : null,
        }),
    };

    private static bool Same(byte[] left, byte[] right) => left.AsSpan().SequenceEqual(right);
}
