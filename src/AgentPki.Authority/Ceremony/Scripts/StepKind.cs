using AgentPki.Authority.Ceremony.Steps;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>One kind of step: its word, its fields, what it says to people, and what it does. The list of them is <see cref="StepKinds"/>.</summary>
public abstract class StepKind(string name, string meaning, params IReadOnlyList<StepField> fields)
{
    public string Name { get; } = name;

    /// <summary>For people: one line.</summary>
    public string Meaning { get; } = meaning;

    public IReadOnlyList<StepField> Fields { get; } = fields;

    /// <summary>Whether the home's tokens must be open while it is done.</summary>
    public virtual bool NeedsTokens => true;

    /// <summary>Which shared PINs the officers put together for it.</summary>
    public virtual NeededPins Pins => NeedsTokens ? NeededPins.User : NeededPins.None;

    /// <summary>What an officer hears before he approves: one sentence.</summary>
    public abstract string Describe(PlannedStep step);

    /// <summary>Does it. It may have been cut off before: what is there already is taken. Everything that comes of it is recorded through the context.</summary>
    /// <exception cref="CeremonyException">It cannot be done; nothing was half done that a second try does not finish.</exception>
    public abstract Task RunAsync(StepContext context, CancellationToken cancellationToken);
}
