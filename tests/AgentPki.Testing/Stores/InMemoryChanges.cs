using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;

namespace AgentPki.Testing.Stores;

/// <summary>What each change does to the state: the plainest statement of what every engine must do.</summary>
internal static partial class InMemoryChanges
{
    /// <summary>Thrown and caught inside this folder: the request leaves nothing behind.</summary>
    internal sealed class ConflictException(StoreChange change, string reason) : Exception(reason)
    {
        public StoreChange Change { get; } = change;
    }

    public static InMemoryState Apply(InMemoryState state, CommitRequest request, long leafIndex)
    {
        var before = state.RevocationEpoch;
        foreach (var change in request.Changes.OrderBy(c => c is StoreChange.AddAuthority or StoreChange.RegisterAgent or StoreChange.AddCampaign ? 0 : c is StoreChange.BindKey or StoreChange.BindHalf ? 1 : 2))
        {
            state = change switch
            {
                StoreChange.AddAuthority c => AddAuthority(state, c),
                StoreChange.AddCertificate c => AddCertificate(state, c, leafIndex),
                StoreChange.RequireGood c => RequireGood(state, c),
                StoreChange.RegisterAgent c => RegisterAgent(state, c),
                StoreChange.SetAgentState c => SetAgentState(state, c),
                StoreChange.BindKey c => BindKey(state, c),
                StoreChange.BindHalf c => BindHalf(state, c),
                StoreChange.AddCredential c => AddCredential(state, c),
                StoreChange.ConsumeCredential c => ConsumeCredential(state, c),
                StoreChange.RevokeCredential c => RevokeCredential(state, c),
                StoreChange.RevokeCertificate c => RevokeCertificate(state, c, before + 1, leafIndex),
                StoreChange.RevokeSet c => RevokeSet(state, c, before + 1, leafIndex),
                StoreChange.ReleaseSet c => ReleaseSet(state, c, before + 1, leafIndex),
                StoreChange.SetAgentParent c => SetAgentParent(state, c),
                StoreChange.AddApproval c => AddApproval(state, c),
                StoreChange.MoveApproval c => MoveApproval(state, c),
                StoreChange.AddFeedStatement c => AddFeedStatement(state, c),
                StoreChange.AddFeedSigner c => AddFeedSigner(state, c),
                StoreChange.AddCertificateList c => AddCertificateList(state, c),
                StoreChange.AddSuccession c => AddSuccession(state, c),
                StoreChange.ChangeSuccession c => ChangeSuccession(state, c),
                StoreChange.AddCampaign c => AddCampaign(state, c),
                StoreChange.ChangeCampaign c => ChangeCampaign(state, c),
                StoreChange.AddMember c => AddMember(state, c),
                StoreChange.MoveMember c => MoveMember(state, c),
                StoreChange.NoteMember c => NoteMember(state, c),
                StoreChange.EraseDetails c => EraseDetails(state, c),
                StoreChange.AddAcmeExternalKey c => AddAcmeExternalKey(state, c),
                StoreChange.RevokeAcmeExternalKey c => RevokeAcmeExternalKey(state, c),
                StoreChange.AddAcmeAccount c => AddAcmeAccount(state, c),
                StoreChange.SetAcmeContacts c => SetAcmeContacts(state, c),
                StoreChange.EndAcmeAccount c => EndAcmeAccount(state, c),
                StoreChange.RekeyAcmeAccount c => RekeyAcmeAccount(state, c),
                StoreChange.AddAcmeAuthorization c => AddAcmeAuthorization(state, c),
                StoreChange.AddAcmeOrder c => AddAcmeOrder(state, c),
                StoreChange.AttemptAcmeChallenge c => AttemptAcmeChallenge(state, c),
                StoreChange.SettleAcmeAuthorization c => SettleAcmeAuthorization(state, c),
                StoreChange.SpendProof c => SpendProof(state, c),
                StoreChange.DeactivateAcmeAuthorization c => DeactivateAcmeAuthorization(state, c),
                StoreChange.ParkAcmeOrder c => ParkAcmeOrder(state, c),
                StoreChange.FulfilAcmeOrder c => FulfilAcmeOrder(state, c),
                StoreChange.FailAcmeOrder c => FailAcmeOrder(state, c),
                StoreChange.AddAcmeIncident c => AddAcmeIncident(state, c),
                StoreChange.EndAcmeIncident c => EndAcmeIncident(state, c),
                StoreChange.PruneAcme c => PruneAcme(state, c),
                StoreChange.AddAdministrator c => AddAdministrator(state, c),
                StoreChange.SetAdministratorRoles c => SetAdministratorRoles(state, c),
                StoreChange.RemoveAdministrator c => RemoveAdministrator(state, c),
                StoreChange.BindAdministratorKey c => BindAdministratorKey(state, c),
                StoreChange.AddAdminRequest c => AddAdminRequest(state, c),
                StoreChange.DecideAdminRequest c => DecideAdminRequest(state, c),
                StoreChange.MoveAdminRequest c => MoveAdminRequest(state, c),
                StoreChange.ApproveFile c => ApproveFile(state, c),
                StoreChange.PutAgents c => PutAgents(state, c),
                StoreChange.PutOwner c => PutOwner(state, c),
                StoreChange.MoveOwner c => MoveOwner(state, c),
                StoreChange.TransferAgents c => TransferAgents(state, c),
                StoreChange.SuspendByRule c => SuspendByRule(state, c),
                StoreChange.ReviewAgent c => ReviewAgent(state, c),
                StoreChange.ScheduleReviews c => ScheduleReviews(state, c),
                StoreChange.AddGrant c => AddGrant(state, c, leafIndex),
                StoreChange.UseGrant c => UseGrant(state, c),
                StoreChange.RequirePolicy c => RequirePolicy(state, c),
                StoreChange.AddAdjustment c => AddAdjustment(state, c),
                StoreChange.EndAdjustment c => EndAdjustment(state, c),
                StoreChange.Spend c => Spend(state, c),
                StoreChange.AddWatchResponse c => AddWatchResponse(state, c),
                StoreChange.FailWatchResponse c => FailWatchResponse(state, c),
                StoreChange.RevertWatchResponse c => RevertWatchResponse(state, c, before + 1, leafIndex),
                _ => throw new ArgumentException($"Unknown change {change.GetType().Name}.", nameof(request)),
            };
        }

        return AddEvent(state, request, before, leafIndex);
    }

    internal static DateTimeOffset Milliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static InMemoryState AddAuthority(InMemoryState state, StoreChange.AddAuthority c)
    {
        Check(!IsAuthority(state, c.Authority.Name), c, ConflictReasons.AuthorityExists(c.Authority.Name));
        return state with { Authorities = state.Authorities.Add(c.Authority with { Created = Milliseconds(c.Authority.Created) }) };
    }

    private static InMemoryState AddCertificate(InMemoryState state, StoreChange.AddCertificate c, long leafIndex)
    {
        var record = c.Certificate;
        var key = InMemoryState.CertificateKey(record.Authority, record.Serial);
        Check(IsAuthority(state, record.Authority), c, ConflictReasons.AuthorityUnknown(record.Authority));
        Check(record.AgentId is null || state.Agents.ContainsKey(record.AgentId), c, ConflictReasons.AgentUnknown(record.AgentId ?? ""));
        foreach (var blocked in KeysOf(record).Where(state.BlockedKeys.ContainsKey))
        {
            throw new ConflictException(c, ConflictReasons.KeyIsBlocked(state.BlockedKeys[blocked]));
        }

        Check(!state.Certificates.ContainsKey(key), c, ConflictReasons.SerialExists(record.Authority, record.Serial));
        var kept = record with { NotBefore = Milliseconds(record.NotBefore), NotAfter = Milliseconds(record.NotAfter), Issued = Milliseconds(record.Issued) };
        return state with { Certificates = state.Certificates.Add(key, new StoredEntry(kept, leafIndex, null, null)), Issued = state.Issued.Add(key) };
    }

    private static InMemoryState RequireGood(InMemoryState state, StoreChange.RequireGood c)
    {
        Check(state.Certificates.TryGetValue(InMemoryState.CertificateKey(c.Authority, c.Serial), out var known), c, ConflictReasons.CertificateUnknown(c.Authority, c.Serial));
        Check(known!.ToStored().Status is CertificateStatus.Good, c, ConflictReasons.CertificateNotGood(c.Authority, c.Serial));
        return state;
    }

    private static InMemoryState RegisterAgent(InMemoryState state, StoreChange.RegisterAgent c)
    {
        if (c.Agent.Parent is { } parent)
        {
            CheckParent(state, c, parent, c.Agent.Id, c.Agent.Owner);
        }

        if (state.Agents.TryGetValue(c.Agent.Id, out var known))
        {
            Check(known.State == AgentState.Active, c, ConflictReasons.AgentNotActive(c.Agent.Id));
            Check(known.Owner == c.Agent.Owner, c, ConflictReasons.AgentOfAnotherOwner(c.Agent.Id));
            return known.Profile.Length > 0 ? state : state with { Agents = state.Agents.SetItem(c.Agent.Id, known with { Profile = c.Agent.Profile }) };
        }

        state = AddOwnerOf(state, c, c.Agent.Owner, c.Agent.Registered);

        return state with
        {
            Agents = state.Agents.Add(c.Agent.Id, c.Agent with { Registered = Milliseconds(c.Agent.Registered) }),
            Registered = state.Registered.Add(c.Agent.Id),
        };
    }

    private static InMemoryState SetAgentState(InMemoryState state, StoreChange.SetAgentState c)
    {
        Check(state.Agents.TryGetValue(c.AgentId, out var known), c, ConflictReasons.AgentUnknown(c.AgentId));
        state = Note(state, id => id == c.AgentId, c.State == AgentState.Active ? AnswerStanding.Over : AnswerStanding.Shared, _ => false, default);
        return state with { Agents = state.Agents.SetItem(c.AgentId, known! with { State = c.State, IsHeld = false, SuspendedBy = AgentPki.Agents.Registry.SuspensionRule.None }) };
    }

    private static InMemoryState BindKey(InMemoryState state, StoreChange.BindKey c)
    {
        Check(state.Agents.ContainsKey(c.AgentId), c, ConflictReasons.AgentUnknown(c.AgentId));
        var key = Convert.ToHexString(c.KeyFingerprint);
        Check(!state.KeyHalves.ContainsKey(key), c, ConflictReasons.KeyIsHalf);
        Check(!state.BlockedKeys.TryGetValue(key, out var blocked), c, ConflictReasons.KeyIsBlocked(blocked));
        Check(!state.KeyOwners.TryGetValue(key, out var owner) || owner == c.AgentId, c, ConflictReasons.KeyOfAnotherAgent);
        return state with { KeyOwners = state.KeyOwners.SetItem(key, c.AgentId) };
    }

    private static InMemoryState BindHalf(InMemoryState state, StoreChange.BindHalf c)
    {
        var (half, whole) = (Convert.ToHexString(c.HalfFingerprint), Convert.ToHexString(c.WholeFingerprint));
        Check(!state.KeyOwners.ContainsKey(half) && !state.BlockedKeys.ContainsKey(half) && (!state.KeyHalves.TryGetValue(half, out var known) || known == whole), c, ConflictReasons.HalfIsKey);
        return state with { KeyHalves = state.KeyHalves.SetItem(half, whole) };
    }

    private static InMemoryState AddCredential(InMemoryState state, StoreChange.AddCredential c)
    {
        var added = c.Credential;
        Check(!state.Credentials.ContainsKey(added.Name), c, ConflictReasons.CredentialExists(added.Name));
        var kept = added with { Created = Milliseconds(added.Created), NotAfter = Milliseconds(added.NotAfter), Revoked = added.Revoked is { } time ? Milliseconds(time) : null };
        return state with { Credentials = state.Credentials.Add(added.Name, kept) };
    }

    private static InMemoryState ConsumeCredential(InMemoryState state, StoreChange.ConsumeCredential c)
    {
        Check(state.Credentials.TryGetValue(c.Name, out var known), c, ConflictReasons.CredentialUnknown(c.Name));
        Check(known!.Revoked is null, c, ConflictReasons.CredentialRevoked(c.Name));
        Check(known.MaxUses is not { } limit || known.Uses < limit, c, ConflictReasons.CredentialSpent(c.Name));
        return state with { Credentials = state.Credentials.SetItem(c.Name, known with { Uses = known.Uses + 1 }) };
    }

    private static InMemoryState RevokeCredential(InMemoryState state, StoreChange.RevokeCredential c)
    {
        Check(state.Credentials.TryGetValue(c.Name, out var known), c, ConflictReasons.CredentialUnknown(c.Name));
        return state with { Credentials = state.Credentials.SetItem(c.Name, known! with { Revoked = known.Revoked ?? Milliseconds(c.Time) }) };
    }

    private static InMemoryState AddApproval(InMemoryState state, StoreChange.AddApproval c)
    {
        var added = c.Approval;
        Check(!state.Approvals.Any(a => a.Id == added.Id || a.RequestHash.AsSpan().SequenceEqual(added.RequestHash)), c, ConflictReasons.ApprovalExists);
        var kept = added with { Created = Milliseconds(added.Created), NotAfter = Milliseconds(added.NotAfter), Decided = added.Decided is { } time ? Milliseconds(time) : null };
        return state with { Approvals = state.Approvals.Add(kept) };
    }

    private static InMemoryState MoveApproval(InMemoryState state, StoreChange.MoveApproval c)
    {
        var known = state.Approvals.Find(a => a.Id == c.Id);
        Check(known is not null, c, ConflictReasons.ApprovalUnknown(c.Id));
        Check(known!.State == c.From, c, ConflictReasons.ApprovalMoved(c.Id, c.From));
        return state with { Approvals = state.Approvals.Replace(known, known with { State = c.To, DecidedBy = c.DecidedBy, Decided = Milliseconds(c.Time) }) };
    }

    private static InMemoryState AddCertificateList(InMemoryState state, StoreChange.AddCertificateList c)
    {
        var added = c.CertificateList;
        Check(IsAuthority(state, added.Authority), c, ConflictReasons.AuthorityUnknown(added.Authority));
        Check(!state.CertificateLists.Exists(l => l.Authority == added.Authority && l.Shard == added.Shard && l.Number >= added.Number), c, ConflictReasons.CertificateListNotNewer(added.Authority, added.Number));
        return state with { CertificateLists = state.CertificateLists.Add(added with { ThisUpdate = Milliseconds(added.ThisUpdate), NextUpdate = Milliseconds(added.NextUpdate) }) };
    }

    private static InMemoryState EraseDetails(InMemoryState state, StoreChange.EraseDetails c)
    {
        Check(c.LeafIndex >= 0 && c.LeafIndex < state.Ledger.Count, c, ConflictReasons.LeafUnknown(c.LeafIndex));
        var index = (int)c.LeafIndex;
        return state with { Ledger = state.Ledger.SetItem(index, new LedgerRecord(state.Ledger[index].Leaf, null, null)) };
    }

    private static bool IsAuthority(InMemoryState state, string name) => state.Authorities.Exists(a => a.Name == name);

    private static void Check(bool holds, StoreChange change, string reason)
    {
        if (!holds)
        {
            throw new ConflictException(change, reason);
        }
    }
}
