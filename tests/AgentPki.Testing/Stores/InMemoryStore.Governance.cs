using AgentPki.Authority.Governance;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : IGovernanceStore
{
    ValueTask<IReadOnlyList<AdministratorRecord>> IGovernanceStore.ListAdministratorsAsync(CancellationToken cancellationToken) => new([.. _state.Administrators.Select(a => a.Record)]);

    ValueTask<AdministratorRecord?> IGovernanceStore.FindAdministratorAsync(string name, CancellationToken cancellationToken) => new(_state.Administrators.Find(a => a.Record.Name == name)?.Record);

    ValueTask<AdministratorRecord?> IGovernanceStore.FindAdministratorByKeyAsync(string key, CancellationToken cancellationToken) => new(_state.Administrators.Find(a => a.Record.Keys.Contains(key))?.Record);

    ValueTask<AdminRequestRecord?> IGovernanceStore.FindRequestAsync(string id, CancellationToken cancellationToken) => new(_state.AdminRequests.Find(r => r.Id == id));

    ValueTask<IReadOnlyList<AdminRequestRecord>> IGovernanceStore.ListRequestsAsync(AdminRequestState? state, string? requester, int limit, CancellationToken cancellationToken) =>
        new([.. _state.AdminRequests.Where(r => (state is null || r.State == state) && (requester is null || r.Requester.Name == requester)).Reverse().Take(limit)]);

    ValueTask<IReadOnlyList<ApprovedFile>> IGovernanceStore.ListApprovedFilesAsync(CancellationToken cancellationToken) => new([.. _state.ApprovedFiles.Values]);
}
