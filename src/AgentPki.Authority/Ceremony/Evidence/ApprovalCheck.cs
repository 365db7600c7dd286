using System.Globalization;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether a quorum approved the plan before anything was done, and each step before it was done; each approval of exactly that.</summary>
internal sealed class ApprovalCheck(CeremonyPlan plan, EvidenceFolder folder, CryptoProviders providers, string transcriptKey, Action<string> problem)
{
    private QuorumCount _plan = null!;
    private QuorumCount? _step;
    private int _number;

    public void Run(IReadOnlyList<TranscriptRecord> records)
    {
        foreach (var step in plan.Steps.Where(s => s.Quorum < 2 || s.Quorum > plan.Roster.Officers.Length))
        {
            problem($"plan.txt: a quorum of {step.Quorum} for step {step.Number} is none");
        }

        _plan = new QuorumCount(plan.Roster, providers, StatementKinds.ApprovePlan, StatementKinds.OfPlan(plan, transcriptKey));
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            switch (record.Kind)
            {
                case RecordKinds.PlanApproved:
                    Count(_plan, record);
                    break;
                case RecordKinds.StepBegun:
                    Begin(record, i + 1 < records.Count ? records[i + 1].Previous : null);
                    break;
                case RecordKinds.StepApproved when _step is null || record["step"] != Text(_number):
                    problem($"record {record.Number} approves step {record["step"]}, which had not begun");
                    break;
                case RecordKinds.StepApproved when _step is not null:
                    Count(_step, record);
                    break;
                case RecordKinds.StepStopped or RecordKinds.Resumed:
                    _step = null; // the next try wants its own approvals
                    break;
                case RecordKinds.StepDone:
                    CheckAllowed(record);
                    _step = null;
                    break;
                case RecordKinds.Opened or RecordKinds.Note or RecordKinds.Closed:
                    break;
                default:
                    CheckAllowed(record);
                    break;
            }
        }
    }

    private void Begin(TranscriptRecord record, string? digest)
    {
        if (!_plan.IsMet())
        {
            problem($"record {record.Number}: step {record["step"]} began when {_plan.Officers.Count} of {plan.Roster.Quorum} officers had approved the plan");
        }

        _step = null;
        if (int.TryParse(record["step"], NumberStyles.None, CultureInfo.InvariantCulture, out _number) && _number >= 1 && _number <= plan.Steps.Length && digest is not null)
        {
            _step = new QuorumCount(plan.Roster, providers, StatementKinds.ApproveStep, StatementKinds.OfStep(plan, plan.Steps[_number - 1], digest));
        }
    }

    /// <summary>Anything else that was done belongs to a step that a quorum had approved.</summary>
    private void CheckAllowed(TranscriptRecord record)
    {
        if (_step is null || record["step"] != Text(_number) || !_step.IsMet(plan.Steps[_number - 1].Quorum))
        {
            problem($"record {record.Number} ({record.Kind}) was made when {_step?.Officers.Count ?? 0} officers had approved step {record["step"] ?? "(none)"}; the plan wants {(_number >= 1 && _number <= plan.Steps.Length ? Text(plan.Steps[_number - 1].Quorum) : "a quorum")}");
        }
    }

    private void Count(QuorumCount count, TranscriptRecord record)
    {
        try
        {
            if (count.Add(StatementFiles.Read(folder, record)) is { } wrong)
            {
                problem($"record {record.Number}: the approval does not count: {wrong}");
            }
            else if (count.Officers.LastOrDefault() != record["officer"])
            {
                problem($"record {record.Number} names {record["officer"]}, and the approval is another officer's");
            }
        }
        catch (CeremonyException e)
        {
            problem(e.Message.TrimEnd('.'));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
