using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509;

namespace AgentPki.Authority.Ceremony;

/// <summary>How a ceremony ended for now.</summary>
public enum CeremonyOutcome
{
    /// <summary>Every step is done, a quorum has signed the end, the ledger holds it.</summary>
    Closed,

    /// <summary>It stopped, and can be resumed.</summary>
    Stopped,
}

/// <summary>
/// One ceremony from the plan to the end. Reading order is the order in the room: the plan is shown, a quorum approves it; each step is shown, approved
/// by its quorum, done and recorded; a quorum signs the last record; the ledger takes its digest. It may stop anywhere and be taken up again.
/// </summary>
public sealed class CeremonyRun
{
    private readonly CeremonyPlan _plan;
    private readonly Transcript _transcript;
    private readonly CeremonySetting _setting;

    private CeremonyRun(CeremonyPlan plan, Transcript transcript, CeremonySetting setting) => (_plan, _transcript, _setting) = (plan, transcript, setting);

    /// <summary>Begins a ceremony: plan and script are kept with the evidence, the first record is written.</summary>
    /// <param name="script">The script's text, whose digest the plan has.</param>
    /// <exception cref="CeremonyException">The plan does not fit this home, this program or this script.</exception>
    public static async Task<CeremonyOutcome> RunAsync(CeremonyPlan plan, ReadOnlyMemory<byte> script, CeremonySetting setting, CancellationToken cancellationToken)
    {
        var folder = setting.Folder;
        if (File.Exists(folder.Plan))
        {
            throw new CeremonyException($"Ceremony {plan.Id} was begun here already. 'agentpki ceremony resume {plan.Id}' takes it up; a plan is carried out once.");
        }

        if (plan.Home != setting.Home.Name)
        {
            throw new CeremonyException($"The plan is for the appliance '{plan.Home}', and this is '{setting.Home.Name}'.");
        }

        if (plan.Software != setting.Software)
        {
            throw new CeremonyException($"The plan was made by {plan.Software}, and this is {setting.Software}. Make the plan again, so that officers approve what this program does.");
        }

        if (Convert.ToHexStringLower(SHA256.HashData(script.Span)) != plan.ScriptSha256)
        {
            throw new CeremonyException("The script is not the one that the plan was made of. Make the plan again, and have it approved again.");
        }

        if (setting.Home.FindRoster() is { } roster && !roster.IsSameAs(plan.Roster))
        {
            throw new CeremonyException(
                $"The officers of this appliance are {string.Join(", ", roster.Officers.Select(o => o.Name))}, {roster.Quorum} of whom decide; the plan's are others, or have other keys. Name those; the step 'officer-change' changes who decides.");
        }

        await using var transcript = await Transcript.BeginAsync(folder, plan.Id, setting.KeyFile, setting.SoftwareProviders, setting.Time, cancellationToken);
        DurableFile.Write(folder.Script, script.Span);
        foreach (var officer in plan.Roster.Officers)
        {
            DurableFile.Write(Path.Combine(folder.Officers, officer.Name + ".pem"), System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", officer.SigningKey.SubjectPublicKeyInfo.Span) + "\n"));
        }

        DurableFile.Write(folder.Plan, plan.Encode());
        await transcript.AddAsync(
            RecordKinds.Opened,
            ("plan-sha256", plan.Sha256),
            ("title", plan.Title),
            ("home", plan.Home),
            ("rehearsal", plan.Rehearsal ? "yes" : "no"),
            ("software", setting.Software),
            ("system", setting.System),
            ("transcript-key-sha256", transcript.KeyFingerprint));
        return await new CeremonyRun(plan, transcript, setting).GoOnAsync(cancellationToken);
    }

    /// <summary>Takes a ceremony up where it stopped.</summary>
    /// <exception cref="CeremonyException">Plan, script or transcript are not as they were, or it is closed.</exception>
    public static async Task<CeremonyOutcome> ResumeAsync(CeremonySetting setting, CancellationToken cancellationToken)
    {
        var folder = setting.Folder;
        if (!File.Exists(folder.Plan))
        {
            throw new CeremonyException($"There is no ceremony in {folder.Root}.");
        }

        if (!CeremonyPlan.TryParse(await File.ReadAllBytesAsync(folder.Plan, cancellationToken), setting.SoftwareProviders, out var plan, out var problem))
        {
            throw new CeremonyException($"The plan in {folder.Plan} cannot be read: {problem}.");
        }

        await using var transcript = Transcript.Resume(folder, plan.Id, setting.KeyFile, setting.SoftwareProviders, setting.Time);
        if (transcript.Records.Count == 0)
        {
            throw new CeremonyException("The ceremony ended before its first record. Delete its folder and run it again.");
        }

        if (transcript.Records[0]["plan-sha256"] != plan.Sha256 || Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(folder.Script, cancellationToken))) != plan.ScriptSha256)
        {
            throw new CeremonyException("Plan or script were changed after the ceremony began. Put them back, or begin a new ceremony.");
        }

        await transcript.AddAsync(RecordKinds.Resumed, ("software", setting.Software), ("system", setting.System));
        return await new CeremonyRun(plan, transcript, setting).GoOnAsync(cancellationToken);
    }

    private async Task<CeremonyOutcome> GoOnAsync(CancellationToken cancellationToken)
    {
        // 1. The plan, approved by a quorum; approvals that were given elsewhere count.
        _setting.Room.ShowPlan(_plan);
        if (!await ApprovePlanAsync(cancellationToken))
        {
            return CeremonyOutcome.Stopped;
        }

        // The first ceremony of a home makes its officers; whoever is there now guards it from here on.
        if (_setting.Home.FindRoster() is null)
        {
            _setting.Home.KeepRoster(_plan.Roster);
        }

        // 2. Step after step.
        foreach (var step in _plan.Steps)
        {
            if (!IsDone(step) && !await DoAsync(step, cancellationToken))
            {
                return CeremonyOutcome.Stopped;
            }
        }

        // 3. The end, which the officers sign and the ledger keeps.
        if (_transcript.Records[^1].Kind != RecordKinds.Closed)
        {
            await _transcript.AddAsync(RecordKinds.Closed, ("steps", Text(_plan.Steps.Length)));
        }

        return await new CeremonyClosing(_plan, _transcript, _setting).CloseAsync(cancellationToken) ? CeremonyOutcome.Closed : CeremonyOutcome.Stopped;
    }

    private async Task<bool> ApprovePlanAsync(CancellationToken cancellationToken)
    {
        var count = new QuorumCount(_plan.Roster, _setting.SoftwareProviders, StatementKinds.ApprovePlan, StatementKinds.OfPlan(_plan, _transcript.KeyFingerprint));
        foreach (var record in _transcript.Records.Where(r => r.Kind == RecordKinds.PlanApproved))
        {
            _ = count.Add(StatementFiles.Read(_setting.Folder, record));
        }

        return await GatherAsync(count, _plan.Roster.Quorum, "approve the plan", StatementKinds.ApprovePlan, StatementKinds.OfPlan(_plan, _transcript.KeyFingerprint), RecordKinds.PlanApproved, null, null, cancellationToken);
    }

    private bool IsDone(PlannedStep step) => _transcript.Records.Any(r => r.Kind == RecordKinds.StepDone && r["step"] == Text(step.Number));

    private async Task<bool> DoAsync(PlannedStep step, CancellationToken cancellationToken)
    {
        _setting.Room.ShowStep(_plan, step);
        await _transcript.AddAsync(RecordKinds.StepBegun, ("step", Text(step.Number)), ("kind", step.Kind.Name), ("what", step.Kind.Describe(step)));
        // Approvals name this record: they count for this try of this step, and for no other.
        var about = StatementKinds.OfStep(_plan, step, _transcript.Head);
        var count = new QuorumCount(_plan.Roster, _setting.SoftwareProviders, StatementKinds.ApproveStep, about);
        using var pins = new PinGathering(_setting.Home, _setting.Room, step.Kind.Pins);
        if (!await GatherAsync(count, step.Quorum, $"approve step {step.Number}: {step.Kind.Describe(step)}", StatementKinds.ApproveStep, about, RecordKinds.StepApproved, step, pins, cancellationToken))
        {
            return false;
        }

        try
        {
            await RunAsync(step, pins, cancellationToken);
        }
        catch (Exception failure) when (failure is CeremonyException or KeyUnavailableException or StoreUnavailableException or InvalidOperationException or Issuance.SignatureRejectedException or MalformedDataException or IOException)
        {
            await _transcript.AddAsync(RecordKinds.StepStopped, ("step", Text(step.Number)), ("reason", OneLine(failure.Message)));
            _setting.Room.Warn($"Step {step.Number} stopped: {failure.Message} What was done is kept; 'agentpki ceremony resume {_plan.Id}' tries this step again.");
            return false;
        }

        await _transcript.AddAsync(RecordKinds.StepDone, ("step", Text(step.Number)), ("kind", step.Kind.Name));
        _setting.Room.Tell($"Step {step.Number} of {_plan.Steps.Length} is done.");
        return true;
    }

    private async Task RunAsync(PlannedStep step, PinGathering pins, CancellationToken cancellationToken)
    {
        if (!step.Kind.NeedsTokens)
        {
            await step.Kind.RunAsync(Context(step, null, pins), cancellationToken);
            return;
        }

        await RecordTokensAsync(step);
        await using var open = await _setting.Home.OpenAsync(pins.Open(), cancellationToken);
        await RosterLedger.CheckAsync(open.Environment, _setting.Home, cancellationToken);
        await step.Kind.RunAsync(Context(step, open, pins), cancellationToken);
    }

    private StepContext Context(PlannedStep step, OpenHome? open, PinGathering pins) => new(_plan, step, _transcript, _setting.Home, open, pins, _setting.Room, _setting.SoftwareProviders, _setting.ScriptFolder, _setting.Time);

    /// <summary>Every token says who it is before a step uses it; another one than before is a swapped token.</summary>
    private async Task RecordTokensAsync(PlannedStep step)
    {
        foreach (var token in _setting.Home.Tokens)
        {
            var facts = _setting.Home.DescribeToken(token);
            var known = _transcript.Records.LastOrDefault(r => r.Kind is RecordKinds.Token or RecordKinds.TokenInitialised && r["token"] == token);
            var serial = facts.FirstOrDefault(f => f.Name == "serial").Value;
            if (known is not null && known["serial"] != serial)
            {
                throw new CeremonyException($"Token '{token}' has the serial number {serial ?? "(none)"}; earlier in this ceremony it had {known["serial"] ?? "(none)"}. It was exchanged. Put the other one back and resume.");
            }

            // The whole description once; later only what differs would be new, and a serial number that is the same says that.
            if (known is null || facts.Any(f => known[f.Name] != f.Value))
            {
                await _transcript.AddAsync(RecordKinds.Token, [("step", Text(step.Number)), ("token", token), .. facts]);
            }
        }
    }

    /// <summary>Asks officers one after the other until there are enough. Each signs and, where a PIN is needed, takes his share out; then his key is closed.</summary>
    private async Task<bool> GatherAsync(
        QuorumCount count, int quorum, string what, string kind, (string Name, string Value)[] about, string recordKind, PlannedStep? step, PinGathering? pins, CancellationToken cancellationToken)
    {
        var needed = Math.Max(quorum, pins?.Threshold ?? 0);
        while (!count.IsMet(quorum) || pins is { IsComplete: false })
        {
            var key = await _setting.Room.AskOfficerAsync(new OfficerRequest(what, _plan.Roster, count.Officers, needed), cancellationToken);
            if (key is null)
            {
                await _transcript.AddAsync(RecordKinds.Note, ("what", "the people in the room stopped here"), ("step", step is null ? null : Text(step.Number)));
                return false;
            }

            await using (key)
            {
                var signed = await key.SignAsync(OfficerStatement.Of(kind, _setting.Time.GetUtcNow(), [.. about.Select(a => (a.Name, (string?)a.Value))]), cancellationToken);
                if (count.Add(signed) is { } problem)
                {
                    _setting.Room.Warn($"That does not count: {problem}.");
                    continue;
                }

                if (pins is not null && await pins.TakeAsync(key, cancellationToken) is { } shareProblem)
                {
                    throw new CeremonyException($"{shareProblem}. Without {key.Officer.Name}'s share the PIN cannot be put together; resume with another officer.");
                }

                await _transcript.AddAsync(recordKind, [("step", step is null ? null : Text(step.Number)), ("officer", key.Officer.Name), .. StatementFiles.Keep(_setting.Folder, _transcript.Count, key.Officer.Name, signed)]);
                _setting.Room.Tell($"{key.Officer.FullName} has approved ({count.Officers.Count} of {needed}).");
            }
        }

        return true;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    internal static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)]);
}
