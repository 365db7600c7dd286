namespace AgentPki.Authority.Governance;

/// <summary>Reads administrators and what waits for a second person.</summary>
public interface IGovernanceStore
{
    /// <summary>All of them, removed ones included, in the order they were added.</summary>
    ValueTask<IReadOnlyList<AdministratorRecord>> ListAdministratorsAsync(CancellationToken cancellationToken);

    ValueTask<AdministratorRecord?> FindAdministratorAsync(string name, CancellationToken cancellationToken);

    /// <summary>Whose key it is, removed ones included.</summary>
    /// <param name="key">SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
    ValueTask<AdministratorRecord?> FindAdministratorByKeyAsync(string key, CancellationToken cancellationToken);

    ValueTask<AdminRequestRecord?> FindRequestAsync(string id, CancellationToken cancellationToken);

    /// <summary>Requests in that state, or all of them, newest first.</summary>
    /// <param name="requester">Those of that person alone; null: of whomever.</param>
    ValueTask<IReadOnlyList<AdminRequestRecord>> ListRequestsAsync(AdminRequestState? state, string? requester, int limit, CancellationToken cancellationToken);

    /// <inheritdoc cref="ListRequestsAsync(AdminRequestState?, string?, int, CancellationToken)"/>
    ValueTask<IReadOnlyList<AdminRequestRecord>> ListRequestsAsync(AdminRequestState? state, int limit, CancellationToken cancellationToken) => ListRequestsAsync(state, null, limit, cancellationToken);

    /// <summary>The files that were approved, by name.</summary>
    ValueTask<IReadOnlyList<ApprovedFile>> ListApprovedFilesAsync(CancellationToken cancellationToken);
}

/// <summary>A file of the home that serves only as it was approved.</summary>
/// <param name="Name">Of a profile: its file's name, for example <c>agent.yaml</c>.</param>
/// <param name="Text">The octets.</param>
/// <param name="Approved">Since when.</param>
public sealed record ApprovedFile(string Name, byte[] Text, DateTimeOffset Approved)
{
    /// <summary>Others have a slash in their name: <c>home/registry.yaml</c>.</summary>
    public bool IsProfile => !Name.Contains('/', StringComparison.Ordinal);
}
