using System.Diagnostics.CodeAnalysis;
using Cel;

namespace AgentPki.Agents.Decisions.Policies;

/// <summary>A policy's condition: an expression of the Common Expression Language, as much of it as <see cref="ConditionText"/> takes, compiled once.</summary>
public sealed class PolicyCondition
{
    private static readonly CelEnvironment Environment = new(null, "");

    private readonly CelProgramDelegate _program;
    private readonly IReadOnlyList<string[]> _needs;

    private PolicyCondition(string text, CelProgramDelegate program, IReadOnlyList<string[]> needs, bool isMomentary) => (Text, _program, _needs, IsMomentary) = (text, program, needs, isMomentary);

    public string Text { get; }

    /// <summary>Whether it looks at the time, or at what the agent did of late: what it says of the same question may be otherwise a moment later.</summary>
    public bool IsMomentary { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out PolicyCondition? condition, [NotNullWhen(false)] out string? error)
    {
        condition = null;
        error = ConditionText.WhyNotParsed(text);
        if (error is not null)
        {
            return false;
        }

        try
        {
            var tree = Environment.Parse(text);
            error = ConditionText.WhyNot(tree, out var needs, out var isMomentary);
            condition = error is null ? new PolicyCondition(text, Environment.Compile(tree), needs, isMomentary) : null;
        }
        catch (CelException failure)
        {
            error = FirstLine(failure.Message);
        }
#pragma warning disable CA1031 // Whatever else the library meets in a text: it is no condition.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            error = $"this is not understood: {FirstLine(failure.Message)}";
        }

        return condition is not null;
    }

    /// <summary>Whether it holds. Anything but true or false, an error too, is <see cref="PolicyOutcome.CannotTell"/>.</summary>
    public PolicyOutcome Evaluate(ConditionFacts facts, PolicyEffect effect)
    {
        // An exception costs more than all the rest of a decision, and what lacks a fact permits nothing anyway.
        if (effect == PolicyEffect.Permit && Lacks(facts.Facts))
        {
            return PolicyOutcome.CannotTell;
        }

        try
        {
            return _program(facts.Variables) switch
            {
                true => PolicyOutcome.Applies,
                false => PolicyOutcome.DoesNotApply,
                _ => PolicyOutcome.CannotTell,
            };
        }
#pragma warning disable CA1031 // Whatever the library meets in what was sent: it is no yes.
        catch (Exception)
#pragma warning restore CA1031
        {
            return PolicyOutcome.CannotTell;
        }
    }

    private bool Lacks(DecisionFacts facts)
    {
        foreach (var path in _needs)
        {
            var has = path switch
            {
                ["context", var name, ..] => facts.Context.ContainsKey(name),
                ["claims", var name, ..] => facts.Claims.ContainsKey(name),
                ["action", _, var name, ..] => facts.Action.ContainsKey(name),
                ["resource", _, var name, ..] => facts.Resource.ContainsKey(name),
                _ => true,
            };
            if (!has)
            {
                return true;
            }
        }

        return false;
    }

    private static string FirstLine(string text) => text.Split('\n')[0].Trim();
}
