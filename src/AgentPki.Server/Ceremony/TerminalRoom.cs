using System.Globalization;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Ceremony;

/// <summary>The people in the room at one terminal: who is expected, what comes next, what was done.</summary>
internal sealed class TerminalRoom(Terminal terminal, TypedOfficerKeys keys) : ICeremonyRoom
{
    private const string Stop = "stop";
    private const int TriesEach = 3;

    // As it is: the terminal wraps by itself, and what is copied from it is whole.
    private void Line(string text) => terminal.Raw(text);

    public void ShowPlan(CeremonyPlan plan)
    {
        Line("");
        PlanText.Show(terminal, plan);
    }

    public void ShowStep(CeremonyPlan plan, PlannedStep step)
    {
        Line("");
        Line(string.Create(CultureInfo.InvariantCulture, $"── Step {step.Number} of {plan.Steps.Length}: {step.Kind.Describe(step)}"));
        if (step.Number < plan.Steps.Length)
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"   after it: {plan.Steps[step.Number].Kind.Describe(plan.Steps[step.Number])}"));
        }
    }

    public void Tell(string what) => Line("   " + what);

    public void Warn(string what) => terminal.Warn(what);

    public async Task<OfficerKey?> AskOfficerAsync(OfficerRequest request, CancellationToken cancellationToken)
    {
        var missing = request.Roster.Officers.Where(o => !request.Have.Contains(o.Name)).ToList();
        Line("");
        Line($"   {request.Quorum - request.Have.Count} more of {request.Quorum} officers: {request.What}");
        Line($"   expected: {string.Join(", ", missing.Select(o => $"{o.Name} ({o.FullName})"))}");
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = TerminalInput.ReadLine(terminal, $"   officer's name, or '{Stop}': ", cancellationToken);
            if (name is null or Stop)
            {
                return null;
            }

            if (request.Roster.Find(name) is not { } officer)
            {
                terminal.Warn($"'{name}' is no officer of this ceremony: {string.Join(", ", request.Roster.Officers.Select(o => o.Name))}.");
                continue;
            }

            if (request.Have.Contains(name))
            {
                terminal.Warn($"{officer.FullName} has done it already: another officer is needed.");
                continue;
            }

            for (var tries = 0; tries < TriesEach; tries++)
            {
                var (key, problem) = await keys.OpenAsync(officer, cancellationToken);
                if (key is not null)
                {
                    return key;
                }

                terminal.Warn($"{problem}.");
            }
        }
    }
}
