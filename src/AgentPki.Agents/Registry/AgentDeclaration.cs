using AgentPki.X509.Names;

namespace AgentPki.Agents.Registry;

/// <summary>What a document says an agent is to be. What it leaves out is not there, but for the review's date, the parent, and what a parent granted: those stay as they are.</summary>
/// <param name="Source">Where it stands: file and line.</param>
/// <param name="Registration">Without a revision.</param>
/// <param name="Parent">Null: it says nothing of one.</param>
public sealed record AgentDeclaration(string Source, SpiffeId Id, string Owner, AgentRegistration Registration, DeclaredParent? Parent)
{
    /// <summary>The agent as it is to be.</summary>
    /// <param name="known">As it is; null: it is not there yet.</param>
    public AgentRecord Over(AgentRecord? known, DateTimeOffset now)
    {
        var registration = Registration with
        {
            ReviewBy = Registration.ReviewBy ?? known?.Registration.ReviewBy,
            Policy = Registration.Policy ?? (known?.Registration.ReadPolicy() is { Parent: not null } ? known.Registration.Policy : null),
            Limits = known?.Registration.Limits,
            Revision = known?.Registration.Revision ?? 0,
        };
        var parent = Parent is null ? known?.Parent : Parent.Id?.ToString();
        return known is null
            ? new AgentRecord(Id.ToString(), Owner, "", AgentState.Active, now, parent) { Registration = registration }
            : known with { Owner = Owner, Parent = parent, Registration = registration };
    }
}

/// <param name="Id">Null: it has none.</param>
public sealed record DeclaredParent(SpiffeId? Id);
