using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Gives an issuing CA, and its root, a successor: a new generation, or another algorithm.</summary>
internal sealed class SuccessorStep() : StepKind(
    "successor",
    "Gives an issuing CA a successor with keys of the same or another kind, and its root too where that is wanted: roll-over with overlap.",
    StepField.AuthorityName("authority", "the issuing CA", required: false, otherwise: "issuing"),
    StepField.Keys("algorithm", "the kind of the successor's key or keys"),
    StepField.Keys("root-algorithm", "the kind of a new root's; left out: the root stays", required: false),
    StepField.Validity("served-for", "how long both chains are given out", "90d"),
    StepField.Word("protection", "token, or token-wrapped where no token has the algorithm", "token", "token", "token-wrapped"))
{
    public override string Describe(PlannedStep step) =>
        $"give '{step["authority"]}' a successor with {step["algorithm"]} keys{(step.Find("root-algorithm") is { } root ? $", and its root one with {root} keys, each root certified by the other" : "")}; both chains are given out for {step["served-for"]}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var step = context.Step;
        if (!KeyKind.TryParse(step["algorithm"], out var keys, out var error) || (step.Find("root-algorithm") is { } root && !KeyKind.TryParse(root, out _, out error)))
        {
            throw new CeremonyException($"An algorithm of the plan is none: {error}.");
        }

        KeyKind? rootKeys = step.Find("root-algorithm") is { } text && KeyKind.TryParse(text, out var kind, out _) ? kind : null;
        var now = context.Time.GetUtcNow();
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var successions = await authority.SuccessionsAsync(cancellationToken);
        var before = (await authority.IssuersAsync(cancellationToken)).Successions.Select(s => s.Successor).ToHashSet(StringComparer.Ordinal);
        // A try before that was cut off after the successor was there: it is recorded, not asked for again.
        if (!IsThere(await authority.IssuersAsync(cancellationToken), step["authority"], keys))
        {
            Expect(await successions.StartAsync(new SuccessionDraft(step["authority"], keys, rootKeys, Validities.EndOf(step["served-for"], now) - now, null, step["protection"] == "token-wrapped"), context.Actor, context.Plan.Id, cancellationToken), context);
        }
        else
        {
            before.Clear();
        }

        await RecordAsync(context, authority, before, cancellationToken);
    }

    private static bool IsThere(Issuance.IssuerDirectory issuers, string authority, KeyKind keys) =>
        issuers.Successions.FirstOrDefault(s => s.Predecessor == authority) is { } succession && issuers.Find(succession.Successor) is { } successor && KeyKind.Of(successor.Certificate) == keys;

    /// <summary>Every CA that is new, its keys, and the roll-over certificates of roots.</summary>
    private static async Task RecordAsync(StepContext context, OfflineAuthority authority, HashSet<string> before, CancellationToken cancellationToken)
    {
        var issuers = await authority.IssuersAsync(cancellationToken);
        foreach (var succession in issuers.Successions.Where(s => !before.Contains(s.Successor)).OrderBy(s => issuers.Find(s.Successor)?.Chain.Count))
        {
            var (old, made) = (issuers.Find(succession.Predecessor), issuers.Find(succession.Successor));
            if (old is null || made is null)
            {
                continue;
            }

            foreach (var (name, reference) in new[] { (made.Name, made.Record.Key), ($"{made.Name} alternative", made.Record.Alternative?.Key) })
            {
                if (reference is not null)
                {
                    await using var key = await KeySearch.FindAsync(context.Open.Environment.Providers, reference.Label, reference.Provider, cancellationToken) ?? throw new CeremonyException($"The key of '{name}' is not there.");
                    await context.RecordKeyAsync(name, key, isNew: true, cancellationToken);
                }
            }

            await AuthorityMaking.RecordAsync(context, old.Name, old.Certificate, "predecessor");
            if (made.Parent != made.Name && issuers.Find(made.Parent) is { } parent)
            {
                await AuthorityMaking.RecordAsync(context, parent.Name, parent.Certificate, "it certifies");
            }

            if (old.Parent != old.Name && issuers.Find(old.Parent) is { } above)
            {
                await AuthorityMaking.RecordAsync(context, above.Name, above.Certificate, "it certified the predecessor");
            }

            await AuthorityMaking.RecordAsync(context, made.Name, made.Certificate, "now");
            foreach (var (what, der) in new[] { ("new-with-old", succession.NewWithOld), ("old-with-new", succession.OldWithNew) })
            {
                if (der is not null)
                {
                    await AuthorityMaking.RecordAsync(context, $"{made.Name}-{what}", Certificate.Parse(der), what);
                }
            }
        }
    }

    internal static void Expect(Outcome<SuccessionChange> outcome, StepContext context)
    {
        switch (outcome)
        {
            case Outcome<SuccessionChange>.Refused(var problem):
                throw new CeremonyException($"That cannot be done: {problem.Detail}.");
            case Outcome<SuccessionChange>.Done(var change):
                change.Remarks.ToList().ForEach(r => context.Room.Tell($"Note: {r}."));
                break;
        }
    }
}

/// <summary>Moves a succession on.</summary>
internal sealed class SuccessionStep() : StepKind(
    "succession",
    "Moves a succession on: agents' certificates come from the successor (switch), from the old CA again (roll-back), or everything does and the old chain is given out no more (finish).",
    StepField.AuthorityName("authority", "the issuing CA that has a successor", required: false, otherwise: "issuing"),
    StepField.Word("to", "switch, roll-back or finish", "switch", "switch", "roll-back", "finish"))
{
    public override string Describe(PlannedStep step) => step["to"] switch
    {
        "switch" => $"let agents' certificates come from the successor of '{step["authority"]}'",
        "roll-back" => $"let agents' certificates come from '{step["authority"]}' again",
        _ => $"finish the succession of '{step["authority"]}': its chain is given out no more",
    };

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (name, to) = (context.Step["authority"], context.Step["to"]);
        var wanted = to switch { "switch" => SuccessionState.Switched, "roll-back" => SuccessionState.Prepared, _ => SuccessionState.Finished };
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var successions = await authority.SuccessionsAsync(cancellationToken);
        if (successions.List().FirstOrDefault(s => s.Record.Predecessor == name)?.Record.State != wanted)
        {
            SuccessorStep.Expect(to switch
            {
                "switch" => await successions.SwitchAsync(name, context.Actor, context.Plan.Id, cancellationToken),
                "roll-back" => await successions.RollBackAsync(name, context.Actor, context.Plan.Id, cancellationToken),
                _ => await successions.FinishAsync(name, context.Actor, context.Plan.Id, cancellationToken),
            }, context);
        }

        await context.RecordAsync(RecordKinds.Succession, ("authority", name), ("to", to));
        context.Room.Tell($"The succession of '{name}' is {wanted.ToString().ToLowerInvariant()}.");
    }
}
