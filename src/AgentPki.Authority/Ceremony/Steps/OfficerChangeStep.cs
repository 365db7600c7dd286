using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>
/// Enrols an officer, replaces one, or lets one go. Every PIN that was shared is changed in its token and shared anew: old shares open nothing any more. The
/// new officer signs that he takes the office, with the key that others will know him by.
/// </summary>
internal sealed class OfficerChangeStep() : StepKind(
    "officer-change",
    "Enrols an officer, replaces one, or lets one go; every shared PIN is changed and shared anew. The last step of its ceremony.",
    StepField.File("add", "the new officer's file: NAME.officer", required: false),
    StepField.Text("remove", "the name of the officer who leaves"),
    StepField.Number("new-quorum", "how many decide from then on (default: as before)", "0", 0, 16))
{
    private const int PinDigits = 24;

    public override bool NeedsTokens => false;

    public override NeededPins Pins => NeededPins.All;

    public override string Describe(PlannedStep step) => (step.Find("add"), step.Find("remove")) switch
    {
        ({ } add, { } remove) => $"replace officer {remove} by the one of {add}, change all shared PINs and share them anew",
        ({ } add, null) => $"enrol the officer of {add}, change all shared PINs and share them anew",
        (null, { } remove) => $"let officer {remove} go, change all shared PINs and share them anew",
        _ => "change all shared PINs and share them anew",
    } + (step["new-quorum"] == "0" ? "" : $"; from then on {step["new-quorum"]} decide");

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (before, home) = (context.Plan.Roster, context.Home);
        if (context.Step.Number != context.Plan.Steps.Length)
        {
            throw new CeremonyException("The step 'officer-change' must be the last of its ceremony: the steps after it would be approved by officers who may have left.");
        }

        var after = After(context, before, out var added);
        if (added is not null)
        {
            await AcceptAsync(context, added, after, cancellationToken);
        }

        foreach (var token in home.Tokens)
        {
            foreach (var securityOfficer in new[] { true, false })
            {
                await ChangeAsync(context, token, securityOfficer, after, cancellationToken);
            }
        }

        home.KeepRoster(after);
        await context.RecordFileAsync(RecordKinds.Object, "roster.json", after.Encode(), ("what", "officers"), ("officers", string.Join(' ', after.Officers.Select(o => o.Name))), ("quorum", after.Quorum.ToString(CultureInfo.InvariantCulture)));
        context.Room.Tell($"From now on {after.Quorum} of {string.Join(", ", after.Officers.Select(o => o.FullName))} decide.");
        await SayInLedgerAsync(context, cancellationToken);
    }

    private static OfficerRoster After(StepContext context, OfficerRoster before, out Officer? added)
    {
        var step = context.Step;
        added = null;
        if (step.Find("add") is not null && !Officer.TryParse(context.ReadFile("add"), context.Software, out added, out var problem))
        {
            throw new CeremonyException($"The new officer's file cannot be taken: {problem}.");
        }

        var gone = step.Find("remove");
        if (gone is not null && before.Find(gone) is null)
        {
            throw new CeremonyException($"'{gone}' is no officer: {string.Join(", ", before.Officers.Select(o => o.Name))}.");
        }

        var staying = before.Officers.Where(o => o.Name != gone).ToList();
        var quorum = step["new-quorum"] is "0" ? before.Quorum : int.Parse(step["new-quorum"], NumberStyles.None, CultureInfo.InvariantCulture);
        if (staying.Count < Math.Max(before.Quorum, quorum))
        {
            // The end of the ceremony is signed by the officers of its plan, with shares of the new PIN.
            throw new CeremonyException($"{staying.Count} officers would stay, and {Math.Max(before.Quorum, quorum)} must sign the end of this ceremony: enrol somebody first, in a ceremony of its own.");
        }

        try
        {
            return OfficerRoster.Of(quorum, added is null ? staying : [.. staying, added]);
        }
        catch (ArgumentException e)
        {
            throw new CeremonyException($"That makes no roster: {e.Message}.", e);
        }
    }

    private static async Task AcceptAsync(StepContext context, Officer added, OfficerRoster after, CancellationToken cancellationToken)
    {
        (string Name, string Value)[] about = [("ceremony", context.Plan.Id), ("roster-sha256", after.Sha256)];
        var count = new QuorumCount(after, context.Software, StatementKinds.AcceptOffice, about);
        while (count.Officers.Count == 0)
        {
            await using var key = await context.Room.AskOfficerAsync(new OfficerRequest("take the office", after, [.. after.Officers.Where(o => o != added).Select(o => o.Name)], after.Officers.Length), cancellationToken)
                ?? throw new CeremonyException($"{added.FullName} has not taken the office.");
            var signed = await key.SignAsync(OfficerStatement.Of(StatementKinds.AcceptOffice, context.Time.GetUtcNow(), [.. about.Select(a => (a.Name, (string?)a.Value))]), cancellationToken);
            if (count.Add(signed) is { } problem)
            {
                context.Room.Warn($"That does not count: {problem}.");
                continue;
            }

            await context.RecordFileAsync(RecordKinds.OfficerAccepted, $"{added.Name}.officer", added.Encode(), [("officer", added.Name), .. StatementFiles.Keep(context.Transcript.Folder, context.Transcript.Count, added.Name, signed)]);
            context.Room.Tell($"{added.FullName} has taken the office.");
        }
    }

    /// <summary>Shares a new PIN, then changes it in the token, then lets the new sealing take the place of the old: cut off anywhere, one of the two is the token's.</summary>
    private static async Task ChangeAsync(StepContext context, string token, bool securityOfficer, OfficerRoster after, CancellationToken cancellationToken)
    {
        var home = context.Home;
        if (context.Pins.Find(token, securityOfficer, next: false) is not { } current)
        {
            return; // it is not shared: the service has it
        }

        var what = securityOfficer ? "security officer's PIN" : "user PIN";
        var earlier = context.Pins.Find(token, securityOfficer, next: true);
        using var fresh = new PinnedMemory(PinDigits);
        RandomNumberGenerator.GetItems("0123456789"u8, fresh.GetSpan());
        // What an earlier try may have given the token is tried first, while its sealing is still there.
        if (earlier is not null && home.TryChangePin(token, securityOfficer, earlier, earlier))
        {
            current = earlier;
            home.KeepSealedPin(token, securityOfficer, home.FindNextPin(token, securityOfficer) ?? throw new CeremonyException("The sealing of the changed PIN is gone."));
        }

        var next = await SealedSecret.SealAsync(fresh.Memory, $"{what} of token {token} of {home.Name}", after, context.Software, cancellationToken);
        home.KeepNextPin(token, securityOfficer, next);
        if (!home.TryChangePin(token, securityOfficer, current, fresh.Memory))
        {
            throw new CeremonyException($"Token '{token}' refuses its {what}: it is not the one that was shared. Nothing was changed in it.");
        }

        home.KeepSealedPin(token, securityOfficer, next);
        home.KeepNextPin(token, securityOfficer, null);
        await context.RecordFileAsync(
            RecordKinds.SecretSealed, $"{(securityOfficer ? "so-pin" : "pin")}-{token}.sealed.json", next.Encode(),
            ("purpose", next.Purpose), ("sealing", next.Id), ("threshold", next.Threshold.ToString(CultureInfo.InvariantCulture)), ("officers", string.Join(' ', next.Shares.Select(s => s.Officer))));
        context.Room.Tell($"The {what} of token '{token}' was changed and shared anew: old shares open nothing.");
        if (!securityOfficer)
        {
            context.Pins.Replace(token, fresh.GetSpan());
        }
    }

    private static async Task SayInLedgerAsync(StepContext context, CancellationToken cancellationToken)
    {
        await using var open = await context.Home.OpenAsync(context.Pins.Open(), cancellationToken);
        await RosterLedger.RecordAsync(open.Environment, context.Home, context.Actor, cancellationToken);
    }
}
