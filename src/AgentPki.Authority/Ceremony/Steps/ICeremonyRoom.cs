using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>What an officer is asked for.</summary>
/// <param name="What">In one sentence: <c>approve the plan</c>, <c>approve step 3: make the root CA 'root'</c>.</param>
/// <param name="Have">Who has done it already.</param>
/// <param name="Quorum">How many must.</param>
public sealed record OfficerRequest(string What, OfficerRoster Roster, IReadOnlyCollection<string> Have, int Quorum);

/// <summary>The people in the room, at the terminal of the ceremony; tests have their own.</summary>
public interface ICeremonyRoom
{
    /// <summary>Shows the plan and its digest before anybody approves it.</summary>
    void ShowPlan(CeremonyPlan plan);

    /// <summary>Says which step begins, of how many.</summary>
    void ShowStep(CeremonyPlan plan, PlannedStep step);

    /// <summary>Says what was done.</summary>
    void Tell(string what);

    /// <summary>Says what went wrong, and that it can be tried again.</summary>
    void Warn(string what);

    /// <summary>
    /// Waits for an officer who opens his key. The key is closed as soon as it has signed. Null: the people want to stop here.
    /// </summary>
    Task<OfficerKey?> AskOfficerAsync(OfficerRequest request, CancellationToken cancellationToken);
}
